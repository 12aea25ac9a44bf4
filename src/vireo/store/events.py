"""Live events in a SQL database: appended, numbered in the order of arrival, one per id."""

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
    """Events (see base.py). Writers take turns, so positions follow the arrival."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, events: Sequence[LiveEvent]) -> int:
        """Store the events; return how many were new. Those of forgotten viewers never are.

        Raises InputError, and stores nothing, if one of them could not be kept unchanged.
        """
        return self.append_all([events])[0]

    def append_all(self, batches: Sequence[Sequence[LiveEvent]]) -> list[int]:
        """Several senders' events in one transaction; how many of each were new."""
        every = [event for batch in batches for event in batch]
        check(every)
        with self._database.transaction(write=True) as connection:
            last = self._database.locked(connection, "position")
            ids = list(dict.fromkeys(event.event_id for event in every))
            known = present(connection, EVENTS.c.event_id, ids)
            refused = self._database.refused(connection, {event.user_id for event in every})
            fresh = [_fresh(batch, known, refused) for batch in batches]
            new = [event for batch in fresh for event in batch]
            if new:
                rows = [{"position": last + n, **asdict(e)} for n, e in enumerate(new, start=1)]
                connection.execute(insert(EVENTS), rows)
                set_number(connection, "position", last + len(new))
        return [len(batch) for batch in fresh]

    def events(self, after: int = 0, batch: int = 10_000) -> Iterator[list[tuple[int, LiveEvent]]]:
        """Batches of (position, event) with position > after, in the order of arrival."""
        while True:
            question = (
                select(EVENTS.c.position, *_EVENT)
                .where(EVENTS.c.position > after)
                .order_by(EVENTS.c.position)
                .limit(batch)
            )
            with self._database.transaction() as connection:
                rows = connection.execute(question).all()
            if not rows:
                return
            yield [(row[0], LiveEvent(*row[1:])) for row in rows]
            after = rows[-1][0]

    def events_of(self, user_id: str, after: int = 0) -> list[LiveEvent]:
        """One user's events with position > after, in the order of arrival."""
        mine = (EVENTS.c.user_id == user_id, EVENTS.c.position > after)
        with self._database.transaction() as connection:
            rows = connection.execute(events_question().where(*mine)).all()
        return [LiveEvent(*row) for row in rows]

    def watermark(self) -> int:
        """The position of the last event, 0 when there is none."""
        with self._database.transaction() as connection:
            return int(connection.scalar(select(func.max(EVENTS.c.position))) or 0)


def events_question() -> Select[Any]:
    """Events as rows of LiveEvent, in the order of arrival; say whose, and after which."""
    return select(*_EVENT).order_by(EVENTS.c.position)


def _fresh(batch: Sequence[LiveEvent], known: set[str], refused: set[str]) -> list[LiveEvent]:
    """The events that are to be stored; their ids count as known from then on."""
    fresh = []
    for event in batch:
        if event.event_id not in known and event.user_id not in refused:
            known.add(event.event_id)
            fresh.append(event)
    return fresh
