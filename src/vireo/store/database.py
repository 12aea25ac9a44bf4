"""A SQL database: engine, transactions, write lock, prepared queries, errors."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, Select, create_engine, event, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from vireo.errors import DatabaseFailed, StageFailed
from vireo.store.migrations import prepare
from vireo.store.schema import FACTS, FORGOTTEN, first_facts, get_number, present

BUSY_SECONDS = 30.0
CONNECT_SECONDS = 5
POOL = 8
"""Pooled connections; as many again open when all are in use."""
_WRITE = "vireo_write"


class Database:
    """An open database with all tables; raises StageFailed if it does not answer."""

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
        """The driver's connection in one read transaction, for PreparedQuery.

        A transaction of SQLAlchemy takes longer than all queries of a list.
        """
        library: Any = self._engine.dialect.loaded_dbapi
        try:
            driver = self._engine.raw_connection()
            try:
                if self.is_file:
                    driver.cursor().execute("BEGIN").close()  # other drivers begin by themselves
                yield driver
            finally:
                driver.close()  # the pool rolls back
        except (SQLAlchemyError, library.Error) as error:
            raise self._failed(error) from None

    def locked(self, connection: Connection, name: str) -> int:
        """The number of a fact, locked until the transaction ends."""
        # SQLite locked the file when the transaction began; other databases lock this row.
        connection.execute(select(FACTS).where(FACTS.c.name == "key").with_for_update()).all()
        return get_number(connection, name)

    def hash(self, user_id: str) -> str:
        """Keyed hash of a user id, stored for erased users."""
        return hmac.digest(self._key, user_id.encode("utf-8", "replace"), "sha256").hex()

    def erased_among(self, connection: Connection, users: set[str]) -> set[str]:
        """Those of the users that were erased."""
        if connection.scalar(select(FORGOTTEN.c.hash).limit(1)) is None:
            return set()
        by_hash = {self.hash(user): user for user in users}
        return {by_hash[found] for found in present(connection, FORGOTTEN.c.hash, list(by_hash))}

    @property
    def dialect(self) -> Dialect:
        """SQL dialect."""
        return self._engine.dialect

    def wipe(self) -> None:
        """Truncate SQLite's write-ahead log, which still holds deleted rows."""
        if self._engine.dialect.name == "sqlite":
            raw = self._engine.raw_connection()
            try:
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            finally:
                raw.close()

    def close(self) -> None:
        self._engine.dispose()

    def _prepare(self) -> bytes:
        """Create missing tables, and return the key of the hashes."""
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
            self._public_text(error, reason),
        )

    def _public_text(self, error: Exception, reason: str) -> str:
        """Error text for clients, without host and user names of a database server."""
        if self.is_file:
            return f"The database failed: {reason}."
        library: Any = self._engine.dialect.loaded_dbapi
        cause = getattr(error, "orig", None) or error
        if isinstance(cause, (library.OperationalError, library.InterfaceError)):
            return "The database does not answer."
        return "The database rejects the query."


class PreparedQuery:
    """A SELECT with named parameters, compiled once for one database."""

    def __init__(self, query: Select[Any], dialect: Dialect) -> None:
        compiled = query.compile(dialect=dialect)
        self._text = str(compiled)
        driver: Any = dialect.loaded_dbapi
        self._errors = driver.Error
        self._order: Sequence[str] | None = compiled.positiontup

    def rows(self, driver: Any, **values: Any) -> Sequence[Any]:
        """Rows for these parameters, read from the driver without SQLAlchemy's result objects."""
        parameters: Any = values
        if self._order is not None:
            parameters = tuple(values[name] for name in self._order)
        cursor = driver.cursor()
        try:
            cursor.execute(self._text, parameters)
            rows: Sequence[Any] = cursor.fetchall()
        except self._errors as error:
            raise DBAPIError(self._text, None, error) from error
        finally:
            cursor.close()
        return rows


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        # Without it a silent host blocks a request until TCP times out after minutes.
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
    connection.isolation_level = None  # `_on_begin` sends BEGIN
    cursor = connection.cursor()
    # FULL: a completed append survives a power cut. secure_delete: deleted rows are overwritten.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    write = connection.get_execution_options().get(_WRITE)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
