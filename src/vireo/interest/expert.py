"""Training data, request batches and the protocol that every expert implements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

from scipy import sparse

from vireo.arrays import Bools, Floats, Ints
from vireo.behavior.base import Histories, History
from vireo.engine.base import Context
from vireo.interest.interaction_matrix import PositiveMatrix
from vireo.interest.section import InterestSection


@dataclass(frozen=True)
class Training:
    """What experts learn from. Rows of `content` follow the catalogue."""

    histories: Histories
    content: Floats
    """(n, d) rows that describe the videos by text, picture and sound; zeros: nothing known."""
    has_content: Bools
    """(n,)"""
    published: Ints
    """(n,) milliseconds since 1970 UTC, or NO_TIME."""
    shared: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What one expert computed and another can use, by name."""
    before: Mapping[str, Expert] = field(default_factory=dict, repr=False, compare=False)
    """The same experts fitted on part of these histories: one that can goes on from there."""

    @property
    def n_videos(self) -> int:
        return self.histories.n_videos

    @cached_property
    def user_counts(self) -> Ints:
        """How many users wanted each video. (n,)"""
        return self.histories.user_counts()

    @property
    def warm(self) -> Bools:
        """The videos that somebody wanted; of the others only the content is known. (n,)"""
        warm: Bools = self.user_counts > 0
        return warm


@dataclass(frozen=True)
class Batch:
    """Viewers to score: their histories and the moment of asking (ms, or NO_TIME)."""

    histories: Sequence[History]
    now: int
    n_videos: int
    times: Sequence[int] | None = None
    """(b,) moments of asking, where they differ from viewer to viewer."""

    @cached_property
    def moments(self) -> Sequence[int]:
        """(b,) when each viewer asks."""
        return self.times if self.times is not None else [self.now] * len(self.histories)

    @cached_property
    def positives_matrix(self) -> PositiveMatrix:
        """What each viewer wanted, newest first."""
        return PositiveMatrix.of(self.histories, self.n_videos)

    @cached_property
    def positives(self) -> sparse.csr_matrix:
        """1 for every video with a positive weight. (b, n) float32"""
        return self.positives_matrix.binary()

    def decayed(self, span: float) -> sparse.csr_matrix:
        """exp(-k / span) for the k-th last wanted video, newest occurrence counts. (b, n)"""
        return self.positives_matrix.decayed(span)

    def faded(self, span: float, least: float) -> sparse.csr_matrix:
        """exp(-k / span) for the k-th last wanted video, occurrences added up. (b, n)

        What has faded below `least` is left out.
        """
        return self.positives_matrix.decayed_by(span, least)


class Expert(Protocol):
    """One model of interest. Scores come from histories, so new events count without training."""

    name: ClassVar[str]
    scores_cold_items: ClassVar[bool]
    """Whether it can tell videos that nobody wanted apart."""

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self: ...

    def score(self, batch: Batch) -> Floats:
        """(b, n) float32, finite, higher is better; a row of equal scores means no opinion."""
        ...

    def contributions(self, history: History, video: int) -> Floats | None:
        """(m,) what each entry of the history adds to this video's score, or None."""
        ...

    def save(self, directory: Path) -> None: ...

    @classmethod
    def load(cls, directory: Path) -> Self: ...
