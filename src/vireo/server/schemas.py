"""Schemas of requests and responses."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

from vireo.recommend.recommender import Picks
from vireo.server.base import MAX_BATCH, MAX_K, MAX_TEXT, MAX_WORDS
from vireo.store.base import LiveEvent, LiveVideo
from vireo.store.validation import LAST_MOMENT, MAX_ID, MAX_RANK, MAX_WORD

TEXT = r"^[^\x00]*$"
SAID = r"^[^\x00]*[^\x00\s][^\x00]*$"
Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID, pattern=SAID)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=MAX_WORD, pattern=SAID)]
Sentence = Annotated[str, StringConstraints(max_length=MAX_TEXT, pattern=TEXT)]
Words = Annotated[str, StringConstraints(max_length=MAX_WORDS, pattern=TEXT)]
Moment = Annotated[int, Field(ge=0, lt=LAST_MOMENT)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Number = Annotated[int, Field(ge=0, lt=2**31)]
Labels = Annotated[list[Id], Field(max_length=100)]
Length = Annotated[int, Field(ge=1, le=MAX_K)]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class EventIn(In):
    """One event."""

    event_id: Id
    """Chosen by the sender; the same id again is the same event."""
    user_id: Id
    video_id: Id
    event: Word
    """view, like, dislike, save, share, follow, comment, rating, skip, impression, ..."""
    timestamp: Moment | None = None
    """Milliseconds since 1970 UTC; left out: now."""
    value: Finite | None = None
    watch_seconds: Finite | None = None
    text: Words | None = None
    session_id: Id | None = None
    request_id: Id | None = None
    """The `request_id` of the list on which the video stood."""
    rank: Annotated[int, Field(ge=1, lt=MAX_RANK)] | None = None
    """Its place there, 1 for the first."""

    def live(self, now: int) -> LiveEvent:
        moment = now if self.timestamp is None else self.timestamp
        return LiveEvent(**{**self.model_dump(), "timestamp": moment})


def _one_or_many(body: object) -> str:
    return "events" if isinstance(body, list) else "event"


# Discriminated before validation, so that errors name fields of the right schema.
EventsIn = Annotated[
    Annotated[EventIn, Tag("event")]
    | Annotated[list[EventIn], Field(min_length=1, max_length=MAX_BATCH), Tag("events")],
    Discriminator(_one_or_many),
]


class EventsOut(Out):
    """Answered once the events are durable."""

    received: int
    stored: int
    """The others were known already, or are of forgotten viewers."""


class SessionEvent(In):
    """Latest events of an anonymous session."""

    video_id: Id
    event: Word = "view"
    watch_seconds: Finite | None = None
    value: Finite | None = None


class SessionIn(In):
    """A list for an anonymous session; nothing is stored."""

    events: Annotated[list[SessionEvent], Field(max_length=MAX_BATCH)] = []
    k: Length = 10
    query: Sentence = ""

    def live(self, now: int) -> list[LiveEvent]:
        return [
            LiveEvent(
                f"session-{n}", "session", e.video_id, e.event, now + n, e.value, e.watch_seconds
            )
            for n, e in enumerate(self.events)
        ]


class PickOut(Out):
    """One entry of a list."""

    rank: int
    video_id: str
    title: str
    score: float
    """In [0, 1], falling with the rank."""
    reason: str
    sources: dict[str, float]
    """How much each source added to the score."""
    because: list[OwnVideo] | None = None
    """With `explain=true`: what the viewer's own videos add."""


class OwnVideo(Out):
    """One of the viewer's own videos behind a score."""

    video_id: str
    title: str
    share: float
    """Negative values lower the score."""


class ListOut(Out):
    """A list, best first."""

    request_id: str
    """Send it back with the impressions and events that follow from this list."""
    recommendations: list[PickOut]
    notes: list[str]
    variant: str = ""
    """The variant or preset by which it was made; empty where nothing is tried."""

    @classmethod
    def of(cls, picks: Picks, request_id: str, variant: str = "") -> Self:
        rows = [PickOut.model_construct(**pick.as_json()) for pick in picks]
        return cls.model_construct(
            request_id=request_id,
            recommendations=rows,
            notes=list(picks.notes),
            variant=variant,
        )


class ExplanationOut(Out):
    """Why a video stands where it does for one viewer."""

    user_id: str
    video_id: str
    title: str
    place: int
    """1 is the best of the whole catalogue, before rules."""
    of: int
    seen: bool
    sources: dict[str, float]
    own_videos: list[OwnVideo]


class VideoIn(In):
    """A video; what is left out is empty, also if it was there before."""

    title: Sentence | None = None
    description: Words | None = None
    tags: Annotated[list[Sentence], Field(max_length=100)] = []
    category: Sentence | None = None
    creator: Sentence | None = None
    language: Word | None = None
    published_at: Moment | None = None
    """Milliseconds since 1970 UTC."""
    duration: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Seconds."""
    transcript: Words | None = None
    age_rating: Annotated[int, Field(ge=0, le=99)] | None = None
    """The youngest age that may see it, in years."""
    regions: Labels = []
    """Where it may be shown; empty: everywhere."""
    access: Labels = []
    """Groups, or `user:ID`, that may see it; empty: not restricted."""
    available_from: Moment | None = None
    available_until: Moment | None = None
    series: Sentence | None = None
    episode: Number | None = None
    needs: Labels = []
    """Ids of the videos that come before it."""
    level: Number | None = None
    """1: for beginners."""
    schedule: Sentence | None = None
    """When a channel is live: `Mon 18:00-20:00; Sat 10:00-12:00`, in UTC."""
    participants: Labels = []
    path: Sentence | None = None
    """A file on the server, inside one of the folders of [server] media."""
    subtitles: Sentence | None = None

    def live(self, video_id: str, path: Path | None, subtitles: Path | None) -> LiveVideo:
        cells: dict[str, Any] = {
            n: tuple(v) if isinstance(v, list) else v for n, v in self.model_dump().items()
        }
        cells["path"], cells["subtitles"] = (str(p) if p else None for p in (path, subtitles))
        return LiveVideo(video_id, **cells)


class VideoOut(Out):
    """Facts about a video: metadata, visual features, dialogue, record."""

    model_config = ConfigDict(extra="allow")

    video_id: str


class BuildOut(Out):
    """The last build that the service started."""

    running: bool
    started_at: str
    seconds: float
    ok: bool | None
    """null while it runs."""
    output: str


class PublishedOut(Out):
    """Stage -> artefact id."""

    stages: dict[str, str]


class StatusOut(Out):
    """One word."""

    status: str
    version: str


def iso(seconds: float) -> str:
    """Seconds since 1970 UTC as ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
