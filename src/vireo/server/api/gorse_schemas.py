"""Schemas of Gorse's API, and their mapping to Vireo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field

from vireo.data.readers.gorse import WORDS
from vireo.server.base import MAX_TEXT
from vireo.server.schemas import Finite, Id, Word, Words
from vireo.store.base import LiveEvent, LiveVideo
from vireo.store.validation import LAST_MOMENT, MAX_ID

MAX_LABELS = 100
MAX_DEEP = 5


class RowAffected(BaseModel):
    """How many rows changed."""

    RowAffected: int


class Score(BaseModel):
    """An entry of a list."""

    Id: str
    Score: float


class Feedback(BaseModel):
    """One user's feedback on one item."""

    FeedbackType: Word
    UserId: Id
    ItemId: Id
    Timestamp: Annotated[str, Field(max_length=64)] = ""
    Value: Finite | None = None
    Comment: Words | None = None

    @property
    def word(self) -> str:
        """Our word for the type."""
        return WORDS.get(self.FeedbackType.lower(), self.FeedbackType)

    def moment(self, now: int) -> int:
        return moment_of(self.Timestamp, now)

    @classmethod
    def of(cls, event: LiveEvent, user_id: str) -> Self:
        """`user_id`: as it was asked, for the event may hold a pseudonym."""
        return cls(
            FeedbackType=event.event,
            UserId=user_id,
            ItemId=event.video_id,
            Timestamp=_iso(event.timestamp),
            Value=event.value,
            Comment=event.text,
        )


class User(BaseModel):
    """A user; labels are not used."""

    UserId: Id
    Labels: Any = None
    Comment: Words = ""


class ItemPatch(BaseModel):
    """Some fields of an item."""

    IsHidden: bool = False
    Categories: Annotated[list[Id], Field(max_length=MAX_LABELS)] | None = None
    Timestamp: Annotated[str, Field(max_length=64)] = ""
    Labels: Any = None
    Comment: Words = ""


class Item(ItemPatch):
    """An item: a video here."""

    ItemId: Id

    def video(self, now: int) -> LiveVideo:
        """`Comment` is the title, `Labels` and `Categories` are tags."""
        categories = self.Categories or []
        labels = dict.fromkeys([*categories, *_labels(self.Labels)])
        long = len(self.Comment) > MAX_TEXT
        return LiveVideo(
            self.ItemId,
            title=self.Comment[:MAX_TEXT] or None,
            description=self.Comment if long else None,
            tags=tuple(labels)[:MAX_LABELS],
            category=categories[0] if categories else None,
            published_at=moment_of(self.Timestamp, now),
        )

    @classmethod
    def of(cls, video_id: str, given: Mapping[str, Any]) -> Self:
        category = given.get("category")
        return cls(
            ItemId=video_id,
            Categories=[category] if category else [],
            Labels=[*given.get("tags", ())],
            Comment=given.get("description") or given.get("title") or "",
            Timestamp=str(given.get("published_at") or ""),
        )


def _labels(value: Any, deep: int = 0) -> Iterator[str]:
    """The words in a JSON value, wherever they are."""
    if isinstance(value, str) and value.strip():
        yield value.strip()[:MAX_ID]
    elif isinstance(value, list) and deep < MAX_DEEP:
        for entry in value:
            yield from _labels(entry, deep + 1)
    elif isinstance(value, dict) and deep < MAX_DEEP:
        yield from _labels(list(value.values()), deep + 1)


def moment_of(text: str, now: int) -> int:
    """ISO 8601 -> milliseconds since 1970 UTC; what is none, or before 1970, is `now`."""
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        return now
    zoned = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    try:
        moment = round(zoned.timestamp() * 1000)
    except (OverflowError, ValueError):
        return now
    return moment if 0 <= moment < LAST_MOMENT else now


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).isoformat()
