"""One SQL database: its engine, its transactions, its turns of writing, its errors made ours."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event, select
from sqlalchemy.exc import SQLAlchemyError

from vireo.errors import DatabaseFailed, StageFailed
from vireo.store.migrations import prepare
from vireo.store.schema import FACTS, FORGOTTEN, first_facts, get_number, present

BUSY_SECONDS = 30.0
CONNECT_SECONDS = 5
POOL = 8
"""Connections that are kept; as many again are opened when all are in use."""
_WRITE = "vireo_write"


class Database:
    """A database whose tables are there; raises StageFailed where it does not answer."""

    def __init__(self, url: URL) -> None:
        self._name = url.render_as_string(hide_password=True)
        self.is_file = url.get_backend_name() == "sqlite"
        self._engine = _engine(url)
        self._key = self._prepare()

    @contextmanager
    def transaction(self, write: bool = False) -> Iterator[Connection]:
        """A transaction that is durable when the block ends, and undone when it raises."""
        try:
            with (
                self._engine.connect().execution_options(**{_WRITE: write}) as connection,
                connection.begin(),
            ):
                yield connection
        except SQLAlchemyError as error:
            raise self._failed(error) from None

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """The driver's own connection, on which all that the block reads is of one moment.

        For Prepared questions: a transaction of SQLAlchemy takes longer than all of a list's.
        """
        library: Any = self._engine.dialect.loaded_dbapi
        try:
            driver = self._engine.raw_connection()
            try:
                if self.is_file:
                    driver.cursor().execute("BEGIN").close()  # others begin by themselves
                yield driver
            finally:
                driver.close()  # the pool rolls back what was begun
        except (SQLAlchemyError, library.Error) as error:
            raise self._failed(error) from None

    def locked(self, connection: Connection, name: str) -> int:
        """The number of a fact, after every other writer has finished."""
        # SQLite locked the file when the transaction began; others lock this one row.
        connection.execute(select(FACTS).where(FACTS.c.name == "key").with_for_update()).all()
        return get_number(connection, name)

    def hash(self, user_id: str) -> str:
        """The keyed hash under which a forgotten viewer is remembered."""
        return hmac.digest(self._key, user_id.encode("utf-8", "replace"), "sha256").hex()

    def refused(self, connection: Connection, users: set[str]) -> set[str]:
        """Those of the users who are forgotten."""
        if connection.scalar(select(FORGOTTEN.c.hash).limit(1)) is None:
            return set()
        by_hash = {self.hash(user): user for user in users}
        return {by_hash[found] for found in present(connection, FORGOTTEN.c.hash, list(by_hash))}

    @property
    def dialect(self) -> Dialect:
        """How this database spells its SQL."""
        return self._engine.dialect

    def wipe(self) -> None:
        """SQLite's log keeps deleted rows until it is folded into the file."""
        if self._engine.dialect.name == "sqlite":
            raw = self._engine.raw_connection()
            try:
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            finally:
                raw.close()

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def _prepare(self) -> bytes:
        """Make what is missing, and return the key of the hashes."""
        for attempt in range(2):
            try:
                with self.transaction(write=True) as connection:
                    prepare(connection, self._name)
                    return bytes.fromhex(first_facts(connection))
            except (SQLAlchemyError, StageFailed) as error:
                # Another process may be creating the same tables.
                if attempt:
                    self._engine.dispose()
                    raise self._failed(error) from None
        raise AssertionError

    def _failed(self, error: Exception) -> StageFailed:
        if isinstance(error, StageFailed):
            return error
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        return DatabaseFailed(
            f"The database {self._name} failed: {reason}",
            "Check [store] url, and that it runs.",
            self._told(error, reason),
        )

    def _told(self, error: Exception, reason: str) -> str:
        """Public error text: a server's own words name its host and its users."""
        if self.is_file:
            return f"The database failed: {reason}."
        library: Any = self._engine.dialect.loaded_dbapi
        cause = getattr(error, "orig", None) or error
        if isinstance(cause, (library.OperationalError, library.InterfaceError)):
            return "The database does not answer."
        return "The database refuses what it was asked."


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        # A host that is silent must not keep a request for the minutes that TCP waits.
        timed = url.get_driver_name().startswith("psycopg") and "connect_timeout" not in url.query
        return create_engine(
            url,
            pool_pre_ping=True,
            pool_size=POOL,
            max_overflow=POOL,
            connect_args={"connect_timeout": CONNECT_SECONDS} if timed else {},
        )
    arguments = {"timeout": BUSY_SECONDS}
    engine = create_engine(url, connect_args=arguments, pool_size=POOL, max_overflow=POOL)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    # FULL: an answered append survives a power cut. secure_delete: forgotten rows are erased.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    write = connection.get_execution_options().get(_WRITE)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
