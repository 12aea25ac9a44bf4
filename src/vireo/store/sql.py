"""Live events in a SQL database: a SQLite file by default, PostgreSQL and others by URL."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    delete,
    event,
    func,
    insert,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from vireo.errors import ConfigError, InputError, MissingLibrary, StageFailed
from vireo.store.base import Edit, LiveEvent, Store, StoreSection, Viewer
from vireo.store.checks import check, check_edit, check_viewers
from vireo.store.schema import (
    EVENTS,
    FACTS,
    FORGOTTEN,
    META,
    first_facts,
    get_number,
    present,
    set_number,
)
from vireo.store.viewers import delete_of, edits_of, keep_edit, keep_viewers, viewer_of

FILE = "vireo.db"
BUSY_SECONDS = 30.0
_WRITE = "vireo_write"

_EVENT = [EVENTS.c[field.name] for field in fields(LiveEvent)]


def open_store(section: StoreSection, workspace: Path) -> Store:
    """The store that the settings name; its tables are made where they are missing.

    Raises ConfigError for a URL that is none, MissingLibrary for a driver that is not
    installed, StageFailed for a database that does not answer.
    """
    try:
        url = (
            make_url(section.url)
            if section.url
            else URL.create("sqlite", database=str(workspace / FILE))
        )
        return SqlStore(url)
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigError(
            f"The store's url cannot be used: {error}",
            "Write one like postgresql+psycopg://USER@HOST/NAME in [store], or leave it empty.",
        ) from None
    except ModuleNotFoundError as error:
        raise MissingLibrary(
            f"The database's driver is not installed: {error.name}.", f"pip install {error.name}"
        ) from None


class SqlStore:
    """Store (see base.py) on SQLAlchemy. Writers take turns, so positions follow the arrival."""

    def __init__(self, url: URL) -> None:
        self._name = url.render_as_string(hide_password=True)
        self._engine = _engine(url)
        self._key = self._prepare()

    def append(self, events: Sequence[LiveEvent]) -> int:
        """Store the events; return how many were new. Those of forgotten viewers never are.

        Raises InputError, and stores nothing, if one of them could not be kept unchanged.
        """
        check(events)
        with self._transaction(write=True) as connection:
            last = self._locked(connection, "position")
            once = {event.event_id: event for event in reversed(events)}
            known = present(connection, EVENTS.c.event_id, list(once))
            refused = self._refused(connection, {event.user_id for event in events})
            new = [
                event
                for event in reversed(once.values())
                if event.event_id not in known and event.user_id not in refused
            ]
            if new:
                rows = [{"position": last + n, **asdict(e)} for n, e in enumerate(new, start=1)]
                connection.execute(insert(EVENTS), rows)
                set_number(connection, "position", last + len(new))
        return len(new)

    def events(self, after: int = 0, batch: int = 10_000) -> Iterator[list[tuple[int, LiveEvent]]]:
        """Batches of (position, event) with position > after, in the order of arrival."""
        while True:
            question = (
                select(EVENTS.c.position, *_EVENT)
                .where(EVENTS.c.position > after)
                .order_by(EVENTS.c.position)
                .limit(batch)
            )
            with self._transaction() as connection:
                rows = connection.execute(question).all()
            if not rows:
                return
            yield [(row[0], LiveEvent(*row[1:])) for row in rows]
            after = rows[-1][0]

    def events_of(self, user_id: str, after: int = 0) -> list[LiveEvent]:
        """One user's events with position > after, in the order of arrival."""
        question = (
            select(*_EVENT)
            .where(EVENTS.c.user_id == user_id, EVENTS.c.position > after)
            .order_by(EVENTS.c.position)
        )
        with self._transaction() as connection:
            return [LiveEvent(*row) for row in connection.execute(question)]

    def watermark(self) -> int:
        """The position of the last event, 0 when there is none."""
        with self._transaction() as connection:
            return int(connection.scalar(select(func.max(EVENTS.c.position))) or 0)

    def forget(self, user_id: str) -> int:
        """Delete the user's events, keep a keyed hash of the id; return how many were deleted."""
        with self._transaction(write=True) as connection:
            generation = self._locked(connection, "generation")
            again = bool(self._refused(connection, {user_id}))
            deleted = connection.execute(delete(EVENTS).where(EVENTS.c.user_id == user_id)).rowcount
            delete_of(connection, user_id)
            if not again:
                connection.execute(insert(FORGOTTEN), {"hash": self._hash(user_id)})
            if deleted or not again:
                set_number(connection, "generation", generation + 1)
        self._wipe()
        return int(deleted)

    def is_forgotten(self, user_id: str) -> bool:
        return bool(self.forgotten_among([user_id]))

    def forgotten_among(self, user_ids: Collection[str]) -> set[str]:
        """Those of the users who are forgotten."""
        with self._transaction() as connection:
            return self._refused(connection, set(user_ids))

    def generation(self) -> int:
        """Grows whenever a viewer was forgotten."""
        with self._transaction() as connection:
            return get_number(connection, "generation")

    def set_viewers(self, viewers: Sequence[Viewer]) -> int:
        """Keep what is told of these viewers; return how many. The forgotten are left out.

        Raises InputError, and keeps nothing, if one of them could not be kept unchanged.
        """
        check_viewers(viewers)
        with self._transaction(write=True) as connection:
            self._locked(connection, "key")
            once = {viewer.user_id: viewer for viewer in viewers}
            refused = self._refused(connection, set(once))
            kept = [viewer for user, viewer in once.items() if user not in refused]
            keep_viewers(connection, kept)
        return len(kept)

    def viewer(self, user_id: str) -> Viewer:
        """What is told of a viewer."""
        with self._transaction() as connection:
            return viewer_of(connection, user_id)

    def add_edit(self, edit: Edit) -> Edit:
        """Keep a wish, and return it with its number. Raises InputError for a forgotten viewer."""
        check_edit(edit)
        with self._transaction(write=True) as connection:
            number = self._locked(connection, "edits") + 1
            if self._refused(connection, {edit.user_id}):
                raise InputError(
                    "This viewer was forgotten, so nothing is kept of them.",
                    "Use another user id.",
                )
            kept = replace(edit, number=number)
            keep_edit(connection, kept)
            set_number(connection, "edits", number)
        return kept

    def edits_of(self, user_id: str) -> list[Edit]:
        """A viewer's wishes, the oldest first."""
        with self._transaction() as connection:
            return edits_of(connection, user_id)

    def drop_edit(self, user_id: str, number: int) -> bool:
        """Take one wish of a viewer back; whether there was one."""
        with self._transaction(write=True) as connection:
            self._locked(connection, "key")
            return delete_of(connection, user_id, number) > 0

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def _prepare(self) -> bytes:
        """Make what is missing, and return the key of the hashes."""
        for attempt in range(2):
            try:
                META.create_all(self._engine)
                with self._transaction(write=True) as connection:
                    return bytes.fromhex(first_facts(connection))
            except (SQLAlchemyError, StageFailed) as error:
                # Somebody else may be making the same tables at this moment.
                if attempt:
                    self._engine.dispose()
                    raise self._failed(error) from None
        raise AssertionError

    @contextmanager
    def _transaction(self, write: bool = False) -> Iterator[Connection]:
        """A transaction that is durable when the block ends, and undone when it raises."""
        try:
            with (
                self._engine.connect().execution_options(**{_WRITE: write}) as connection,
                connection.begin(),
            ):
                yield connection
        except SQLAlchemyError as error:
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> StageFailed:
        if isinstance(error, StageFailed):
            return error
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        return StageFailed(
            f"The database {self._name} failed: {reason}", "Check [store] url, and that it runs."
        )

    def _locked(self, connection: Connection, name: str) -> int:
        """The number of a fact, after every other writer has finished."""
        # SQLite locked the file when the transaction began; others lock this one row.
        connection.execute(select(FACTS).where(FACTS.c.name == "key").with_for_update()).all()
        return get_number(connection, name)

    def _hash(self, user_id: str) -> str:
        return hmac.digest(self._key, user_id.encode("utf-8", "replace"), "sha256").hex()

    def _refused(self, connection: Connection, users: set[str]) -> set[str]:
        if connection.scalar(select(FORGOTTEN.c.hash).limit(1)) is None:
            return set()
        by_hash = {self._hash(user): user for user in users}
        return {by_hash[found] for found in present(connection, FORGOTTEN.c.hash, list(by_hash))}

    def _wipe(self) -> None:
        """SQLite's log keeps deleted rows until it is folded into the file."""
        if self._engine.dialect.name == "sqlite":
            raw = self._engine.raw_connection()
            try:
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            finally:
                raw.close()


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
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
