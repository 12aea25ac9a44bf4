"""The seam of the store: live events, viewers, their wishes, and who is forgotten."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from vireo.settings import Section


class StoreSection(Section):
    """`[store]`: the database of live events."""

    url: str = ""
    """SQLAlchemy URL; empty means the SQLite file `vireo.db` in the workspace."""


@dataclass(frozen=True)
class LiveEvent:
    """One event as a platform sends it."""

    event_id: str
    """Chosen by the sender: the same id twice is one event."""
    user_id: str
    video_id: str
    event: str
    timestamp: int
    """Milliseconds since 1970 UTC."""
    value: float | None = None
    watch_seconds: float | None = None
    text: str | None = None
    session_id: str | None = None


@dataclass(frozen=True)
class Viewer:
    """What is told, not guessed, of a viewer: lists obey it at once, nothing is trained on it."""

    user_id: str
    age: float | None = None
    """In years."""
    region: str = ""
    """For rights of showing: usually a country's code."""
    languages: tuple[str, ...] = ()
    """That the viewer understands; none: all."""
    groups: tuple[str, ...] = ()
    """For rights of access."""


@dataclass(frozen=True)
class Edit:
    """One wish of a viewer, in their own words: "less horror", "more slow documentaries"."""

    user_id: str
    text: str
    video_id: str = ""
    """What "this" means in "less of this"."""
    at: int = 0
    """Milliseconds since 1970 UTC."""
    number: int = 0
    """Given by the store: wishes are taken back by it."""


class Store(Protocol):
    """Durable when a call returns; safe to kill at any moment."""

    def append(self, events: Sequence[LiveEvent]) -> int:
        """Store the events; return how many were new. Idempotent by event_id."""
        ...

    def events(self, after: int = 0, batch: int = 10_000) -> Iterator[list[tuple[int, LiveEvent]]]:
        """Batches of (position, event) with position > after, in the order of arrival."""
        ...

    def events_of(self, user_id: str, after: int = 0) -> list[LiveEvent]:
        """One user's events with position > after, in the order of arrival."""
        ...

    def watermark(self) -> int:
        """The position of the last event, 0 when there is none."""
        ...

    def forget(self, user_id: str) -> int:
        """Delete the user's events and remember (by keyed hash) not to take them again."""
        ...

    def is_forgotten(self, user_id: str) -> bool: ...

    def forgotten_among(self, user_ids: Collection[str]) -> set[str]:
        """Those of the users who are forgotten: one question instead of one per user."""
        ...

    def generation(self) -> int:
        """Grows whenever events were deleted, so that builds made from them are seen as stale."""
        ...

    def set_viewers(self, viewers: Sequence[Viewer]) -> int:
        """Keep what is told of these viewers in place of what was; return how many were kept."""
        ...

    def viewer(self, user_id: str) -> Viewer:
        """What is told of a viewer; a Viewer without anything for one of whom nothing is."""
        ...

    def add_edit(self, edit: Edit) -> Edit:
        """Keep a wish, and return it with its number; a forgotten viewer's is refused."""
        ...

    def edits_of(self, user_id: str) -> list[Edit]:
        """A viewer's wishes, the oldest first."""
        ...

    def drop_edit(self, user_id: str, number: int) -> bool:
        """Take one wish of a viewer back; whether there was one."""
        ...

    def close(self) -> None: ...
