"""Live events in a SQL database, unique by id, numbered in order of arrival."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Select, func, insert, select

from vireo.store.base import LiveEvent
from vireo.store.database import Database
from vireo.store.schema import EVENTS, present, set_number
from vireo.store.validation import check

_EVENT = [EVENTS.c[field.name] for field in fields(LiveEvent)]


class SqlEvents:
    """Events (see base.py); one writer at a time, so positions follow the arrival."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, events: Sequence[LiveEvent]) -> int:
        return self.append_all([events])[0]

    def append_all(self, batches: Sequence[Sequence[LiveEvent]]) -> list[int]:
        every = [event for batch in batches for event in batch]
        check(every)
        with self._database.transaction(write=True) as connection:
            last = self._database.locked(connection, "position")
            ids = list(dict.fromkeys(event.event_id for event in every))
            known = present(connection, EVENTS.c.event_id, ids)
            erased = self._database.erased_among(connection, {event.user_id for event in every})
            fresh = [_fresh(batch, known, erased) for batch in batches]
            new = [event for batch in fresh for event in batch]
            if new:
                rows = [{"position": last + n, **asdict(e)} for n, e in enumerate(new, start=1)]
                connection.execute(insert(EVENTS), rows)
                set_number(connection, "position", last + len(new))
        return [len(batch) for batch in fresh]

    def events(self, after: int = 0, batch: int = 10_000) -> Iterator[list[tuple[int, LiveEvent]]]:
        while True:
            query = (
                select(EVENTS.c.position, *_EVENT)
                .where(EVENTS.c.position > after)
                .order_by(EVENTS.c.position)
                .limit(batch)
            )
            with self._database.transaction() as connection:
                rows = connection.execute(query).all()
            if not rows:
                return
            yield [(row[0], LiveEvent(*row[1:])) for row in rows]
            after = rows[-1][0]

    def events_of(self, user_id: str, after: int = 0) -> list[LiveEvent]:
        mine = (EVENTS.c.user_id == user_id, EVENTS.c.position > after)
        with self._database.transaction() as connection:
            rows = connection.execute(select_events().where(*mine)).all()
        return [LiveEvent(*row) for row in rows]

    def watermark(self) -> int:
        with self._database.transaction() as connection:
            return int(connection.scalar(select(func.max(EVENTS.c.position))) or 0)


def select_events() -> Select[Any]:
    """Events as rows of LiveEvent, in order of arrival; to be filtered."""
    return select(*_EVENT).order_by(EVENTS.c.position)


def _fresh(batch: Sequence[LiveEvent], known: set[str], erased: set[str]) -> list[LiveEvent]:
    """Events to store; adds their ids to `known`."""
    fresh = []
    for event in batch:
        if event.event_id not in known and event.user_id not in erased:
            known.add(event.event_id)
            fresh.append(event)
    return fresh
