"""The nouns of the recommend room: Query, Slate, Pick; the seam Step = (Query, Slate) -> Slate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Protocol

import numpy as np
from pydantic import Field

from vireo.arrays import Bools, Floats, Ints
from vireo.behavior.base import NO_TIME, History
from vireo.settings import Section


class RecommendSection(Section):
    """`[recommend]`: how a list is made."""

    k: Annotated[int, Field(ge=1)] = 10
    """Length of a list."""
    candidates: Annotated[int, Field(ge=1)] = 200
    """Videos that each retriever hands on."""
    diversity: Annotated[float, Field(ge=0, le=1)] = 0.15
    """0 ranks by score alone; 1 by difference to what stands above (MMR)."""
    like_weight: Annotated[float, Field(ge=0, le=1000)] = 2.0
    """Weight of a sentence (`--like`) against the strongest expert."""
    new_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of the list kept for videos that hardly anybody has watched, if they fit."""
    repeats: bool = False
    """Whether videos that the viewer has seen may come again."""
    rules: tuple[str, ...] = ("seen", "diversity", "new-videos")
    """Which rules are applied, in this order."""


@dataclass(frozen=True)
class Query:
    """Who asks, and for what."""

    user_id: str | None
    history: History
    k: int
    like: str = ""
    """A sentence that steers the list."""
    like_vector: Floats | None = None
    """(d,) the sentence in the space of the text vectors."""
    now: int = NO_TIME
    exclude: frozenset[int] = frozenset()

    @property
    def known(self) -> bool:
        """Whether anything is known of the viewer."""
        return len(self.history.liked) > 0


@dataclass(frozen=True)
class Reason:
    """Why a video is on the list: a fact, and the sentence that says it."""

    kind: str
    """`watched`, `topic`, `like`, `popular`, `recent`, `new`."""
    text: str
    videos: tuple[int, ...] = ()
    """The rows of the viewer's own videos that the reason rests on."""


@dataclass(frozen=True)
class Slate:
    """A small frozen table of candidates: rows, scores by source, a total, reasons."""

    videos: Ints
    """(c,) rows in the catalogue, without repeats."""
    sources: Mapping[str, Floats] = field(default_factory=dict)
    """Weighted, standardised score per source, each (c,)."""
    scores: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    """(c,) the total, in the order of the ranking once a ranker has run."""
    reasons: tuple[Reason, ...] = ()
    """One per candidate once an explainer has run."""
    notes: tuple[str, ...] = ()
    """What the viewer or the owner should know of this list."""

    @classmethod
    def empty(cls) -> Slate:
        return cls(np.zeros(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.videos)

    def take(self, rows: Ints | Bools | Sequence[int]) -> Slate:
        """The candidates in these rows, in this order."""
        index = np.asarray(rows)
        if index.dtype != np.bool_:
            index = index.astype(np.int64)
        positions = np.flatnonzero(index) if index.dtype == np.bool_ else index
        return replace(
            self,
            videos=self.videos[positions],
            sources={name: values[positions] for name, values in self.sources.items()},
            scores=self.scores[positions] if len(self.scores) else self.scores,
            reasons=tuple(self.reasons[i] for i in positions) if self.reasons else (),
        )

    def noting(self, note: str) -> Slate:
        """The same slate with one more note."""
        return replace(self, notes=(*self.notes, note))


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
    """How much each source added to the score."""

    def as_json(self) -> dict[str, Any]:
        return {
            "rank": self.rank,
            "video_id": self.video_id,
            "title": self.title,
            "score": self.score,
            "reason": self.reason,
            "sources": dict(self.sources),
        }
