"""Training data, and the protocol that every expert implements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

from vireo.arrays import Bools, Floats, Ints
from vireo.behavior.base import Histories, History
from vireo.engine.base import Context
from vireo.interest.batch import Batch
from vireo.interest.section import InterestSection


@dataclass(frozen=True)
class Training:
    """Training data of the experts. Rows of `content` follow the catalogue."""

    histories: Histories
    content: Floats
    """(n, d) content embeddings from text, frames and sound; zeros without any."""
    has_content: Bools
    """(n,)"""
    published: Ints
    """(n,) milliseconds since 1970 UTC, or NO_TIME."""
    shared: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """Intermediate results that several experts use, by name."""
    before: Mapping[str, Expert] = field(default_factory=dict, repr=False, compare=False)
    """Experts fitted on part of these histories, for those that support a warm start."""

    @property
    def n_videos(self) -> int:
        return self.histories.n_videos

    @cached_property
    def user_counts(self) -> Ints:
        """(n,) number of users with a positive interaction."""
        return self.histories.user_counts()

    @property
    def warm(self) -> Bools:
        """(n,) videos with at least one positive interaction; the others are cold items."""
        warm: Bools = self.user_counts > 0
        return warm


class Expert(Protocol):
    """A recommendation model. It scores histories, so new events count without training."""

    name: ClassVar[str]
    scores_cold_items: ClassVar[bool]
    """Whether its scores rank cold items."""

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self: ...

    def score(self, batch: Batch) -> Floats:
        """(b, n) float32, finite, higher is better; a row of equal scores ranks nothing."""
        ...

    def contributions(self, history: History, video: int) -> Floats | None:
        """(m,) part of this video's score that each interaction adds; None: not available."""
        ...

    def save(self, directory: Path) -> None: ...

    @classmethod
    def load(cls, directory: Path) -> Self: ...
