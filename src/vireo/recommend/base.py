"""Query, Slate, Pick, Reason; a Step is a function (Query, Slate) -> Slate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from vireo.arrays import Bools, Floats, Ints
from vireo.behavior.base import NO_TIME, History
from vireo.recommend.settings import RecommendSection as RecommendSection
from vireo.store.base import ONE, UserAttributes

NO_USER = UserAttributes("")
"""Attributes of a user without data."""


@dataclass(frozen=True)
class ParsedPreference:
    """One stated preference, parsed: target, and strength of more or less."""

    text: str
    """As the viewer wrote it."""
    strength: float
    """Above 0: more of it; below 0: less."""
    vector: Floats | None = None
    """(d,) text vector; None without a language model."""
    video: int = -1
    """The row of the video that "this" means, -1 for none."""
    words: str = ""
    """Exact creator, topic, category or tag that the words name; empty for other words."""
    blocks: str = ""
    """A creator, topic, category or tag that the viewer never wants to see again."""


def fixed_width(text: str, width: int) -> str:
    """The text padded or cut to a width; a cut ends in an ellipsis."""
    return f"{text if len(text) <= width else text[: width - 1] + '…':{width}}"


@dataclass(frozen=True)
class Query:
    """A list request: user state, and parameters of the list."""

    user_id: str | None
    history: History
    k: int
    text: str = ""
    """A sentence that steers the list."""
    text_vector: Floats | None = None
    """(d,) the sentence in the space of the text vectors."""
    now: int = NO_TIME
    """ms; time for recency in the experts."""
    exclude: frozenset[int] = frozenset()
    """Rows that must not come."""
    attributes: UserAttributes = NO_USER
    """Stated attributes: age, region, languages, groups."""
    preferences: tuple[ParsedPreference, ...] = ()
    """Parsed preferences."""
    seeds: frozenset[int] = frozenset()
    """Rows of the history that the viewer named as examples, and did not watch here."""
    preference_offsets: Floats | None = None
    """(n,) score offsets of the preferences; None without preferences."""
    impressions: Mapping[int, int] = field(default_factory=dict)
    """Row -> how often it was shown since the viewer last watched it."""
    requested_at: int = NO_TIME
    """ms; time of the request, for availability, schedules, freshness; NO_TIME: `now`."""
    session: str = ""
    """Seeds random choices: one session gets one list."""
    page: int = 1
    """The second page of a list holds what the first did not."""
    eligible: Bools | None = None
    """(n,) videos that the rules allow; None: rules not yet applied."""

    remote: bool = False
    """Whether the user consents to sending data to remote models."""
    visible: Bools | None = None
    """(n,) videos that reasons may name; None: all."""
    pseudonym: str = ""
    """The name under which the viewer is kept, where that is not the id."""
    literal: bool = False
    """Whether the sentence is a search: the text preference model is not used."""

    def replace(self, **parts: Any) -> Query:
        """`replace`, without the checks that take longer than a step of a list."""
        other = object.__new__(Query)
        other.__dict__.update(self.__dict__, **parts)
        if "history" in parts:
            other.__dict__.pop("known", None)
        return other

    @property
    def right(self) -> str | None:
        """Personal entry of the column `access`; None without an id."""
        return f"{ONE}{self.pseudonym or self.user_id}" if self.user_id else None

    def may_show(self, video: int) -> bool:
        """Whether the video in this row may be named to the viewer, as a reason or otherwise."""
        return self.visible is None or bool(self.visible[video])

    @property
    def moment(self) -> int:
        """Time of the request (ms), or NO_TIME."""
        return self.now if self.requested_at == NO_TIME else self.requested_at

    def mask(self, n_videos: int) -> Bools:
        """(n,) allowed videos; without eligibility rules all unseen ones."""
        if self.eligible is not None:
            return self.eligible
        rest = np.ones(n_videos, dtype=np.bool_)
        rest[self.history.videos] = False
        return rest

    def without(self, videos: Ints) -> Query:
        """The query with these rows excluded."""
        if self.eligible is None:
            return replace(self, exclude=self.exclude | frozenset(videos.tolist()))
        rest = self.eligible.copy()
        rest[videos] = False
        return replace(self, eligible=rest)

    @cached_property
    def known(self) -> bool:
        """Whether the history has a positive interaction; False for a cold-start user."""
        return len(self.history.positives.videos) > 0


@dataclass(frozen=True)
class Reason:
    """Why a video is on the list: a fact, and the sentence that says it."""

    kind: str
    """`watched`, `topic`, `query`, `preference`, `seed`, `creator`, `popular`, `recent`, `new`, or
    the rule that placed the video: `pinned`, `required`, `exploration`, `next`."""
    text: str
    videos: tuple[int, ...] = ()
    """The rows of the viewer's own videos that the reason rests on."""


class SlateColumns(Mapping[str, Floats]):
    """Rows of columns, gathered lazily when a column is read."""

    def __init__(self, whole: Mapping[str, Floats], rows: Ints) -> None:
        self._whole = whole
        self._rows = rows
        self._taken: dict[str, Floats] = {}

    def __getitem__(self, name: str) -> Floats:
        if name not in self._taken:
            self._taken[name] = self._whole[name][self._rows]
        return self._taken[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole)

    def __len__(self) -> int:
        return len(self._whole)

    @classmethod
    def of(cls, columns: Mapping[str, Floats], rows: Ints) -> SlateColumns:
        """These rows of the columns, in this order."""
        if isinstance(columns, cls):
            return cls(columns._whole, columns._rows[rows])
        return cls(columns, rows)


@dataclass(frozen=True)
class Slate:
    """A small frozen table of candidates: rows, scores by source, a total, reasons."""

    videos: Ints
    """(c,) rows in the catalogue, without repeats."""
    sources: Mapping[str, Floats] = field(default_factory=dict)
    """Weighted, standardized score per source, each (c,)."""
    scores: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    """(c,) the total, in the order of the ranking once a ranker has run."""
    reasons: tuple[Reason, ...] = ()
    """One per candidate once an explainer has run."""
    notes: tuple[str, ...] = ()
    """Notes to the user or the owner about this list."""
    marks: Mapping[int, str] = field(default_factory=dict)
    """Catalogue row -> rule that placed it, if not its score."""

    @classmethod
    def empty(cls) -> Slate:
        return cls(np.zeros(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.videos)

    def take(self, rows: Ints | Bools | Sequence[int]) -> Slate:
        """The candidates in these rows, in this order."""
        index = np.asarray(rows)
        if index.dtype == np.bool_:
            positions = np.flatnonzero(index)
        else:
            positions = index.astype(np.int64, copy=False)
        return self.replace(
            videos=self.videos[positions],
            sources=SlateColumns.of(self.sources, positions),
            scores=self.scores[positions] if len(self.scores) else self.scores,
            reasons=tuple(self.reasons[i] for i in positions) if self.reasons else (),
        )

    def replace(self, **parts: Any) -> Slate:
        """`replace`, without the checks that take longer than a step of a list."""
        other = object.__new__(Slate)
        other.__dict__.update(self.__dict__, **parts)
        return other

    def ranked(self, scores: Floats) -> Slate:
        """Sort by these totals, best first; ties keep their order."""
        order = np.argsort(-scores, kind="stable")
        return self.replace(scores=scores).take(order)

    def joined(self, videos: Ints) -> Slate:
        """Append the rows that are missing, with scores by source of 0."""
        fresh = videos[~np.isin(videos, self.videos)] if len(videos) else videos
        if not len(fresh):
            return self.replace(reasons=()) if self.reasons else self
        blank = np.zeros(len(fresh), dtype=np.float32)
        floor = blank + (self.scores.min() if len(self.scores) else 0)
        return self.replace(
            videos=np.concatenate([self.videos, fresh]).astype(np.int64),
            sources={n: np.concatenate([v, blank]) for n, v in self.sources.items()},
            scores=np.concatenate([self.scores, floor]).astype(np.float32),
            reasons=(),
        )

    def move_to_front(self, places: Ints | Sequence[int]) -> Slate:
        """Move these positions to the front; the others keep their order."""
        first = np.asarray(places, dtype=np.int64)
        if not len(first):
            return self
        rest = np.ones(len(self), dtype=np.bool_)
        rest[first] = False
        return self.take(np.concatenate([first, np.flatnonzero(rest)]))

    def scores_by_source(self) -> list[dict[str, float]]:
        """Per candidate: its score from each source."""
        names, columns = list(self.sources), [column.tolist() for column in self.sources.values()]
        if not names:
            return [{} for _ in self.videos]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]

    def places_of(self, videos: Ints) -> Ints:
        """(m,) positions of catalogue rows that are on the slate."""
        if not len(videos):
            return np.zeros(0, dtype=np.int64)
        same = self.videos == videos[:, None]
        return np.asarray(same.argmax(axis=1), dtype=np.int64)

    def scoring(self, scores: Floats) -> Slate:
        """Keep the order; assign these totals by position, highest first."""
        return self.replace(scores=np.sort(scores)[::-1])

    def marking(self, mark: str, videos: Iterable[int]) -> Slate:
        """Record the rule that placed these catalogue rows."""
        return self.replace(marks={**self.marks, **{int(video): mark for video in videos}})

    def noting(self, note: str) -> Slate:
        """Add a note."""
        return self.replace(notes=(*self.notes, note))


EMPTY_SLATE = Slate.empty()


class Step(Protocol):
    """Retrievers, rankers, rules and explainers are all Steps."""

    def __call__(self, query: Query, slate: Slate) -> Slate: ...


@dataclass(frozen=True)
class Pick:
    """One entry of a finished list."""

    rank: int
    video_id: str
    title: str
    score: float
    """In [0, 1], falling with the rank."""
    reason: str
    sources: Mapping[str, float]
    """Contribution of each source to the score."""

    def as_json(self) -> dict[str, Any]:
        return {
            "rank": self.rank,
            "video_id": self.video_id,
            "title": self.title,
            "score": self.score,
            "reason": self.reason,
            "sources": dict(self.sources),
        }
