"""Popularity: the same scores for all users, over all time or the last days."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from safetensors.numpy import save_file

from vireo.arrays import Doubles, Floats
from vireo.artifacts.tensor_files import read_arrays
from vireo.behavior.base import DAY, NO_TIME, History
from vireo.engine.base import Context
from vireo.interest.base import Batch, InterestSection, Training

_FILE = "counts.safetensors"


@dataclass(frozen=True)
class ItemCounts:
    """Scores of one count per video, the same for all users: log(1 + count)."""

    scores_cold_items: ClassVar[bool] = False
    counts: Doubles
    """(n,)"""

    @cached_property
    def vectors(self) -> Floats:
        # log: a video watched ten times as often is one step more popular, not ten
        return np.log1p(self.counts).astype(np.float32)[:, None]

    def user_vectors(self, batch: Batch) -> Floats:
        return np.ones((len(batch.histories), 1), dtype=np.float32)

    def score(self, batch: Batch) -> Floats:
        return np.tile(self.vectors[:, 0], (len(batch.histories), 1))

    def shares(self, history: History) -> Floats | None:
        return None

    def contributions(self, history: History, video: int) -> Floats | None:
        return None

    def save(self, directory: Path) -> None:
        save_file({"counts": self.counts}, directory / _FILE)

    @classmethod
    def load(cls, directory: Path) -> Self:
        return cls(read_arrays(directory / _FILE)["counts"])


@dataclass(frozen=True)
class Popularity(ItemCounts):
    """Number of users with a positive interaction, over all time."""

    name: ClassVar[str] = "popularity"

    @classmethod
    def fit(
        cls,
        training: Training,
        section: InterestSection,  # noqa: ARG003  (the seam's signature)
        context: Context,  # noqa: ARG003
    ) -> Self:
        return cls(training.user_counts.astype(np.float64))

    def without(self, history: History) -> Self:
        """The counts without one user."""
        counts = self.counts.copy()
        counts[np.unique(history.positives.videos)] -= 1.0
        return replace(self, counts=np.maximum(counts, 0.0))


@dataclass(frozen=True)
class RecentPopularity(ItemCounts):
    """Number of users with a positive interaction in the last `recent_days` before the last event.

    Overall popularity breaks ties (it counts for less than one viewer), and stands in where no
    event has a time.
    """

    name: ClassVar[str] = "recent-popularity"

    @classmethod
    def fit(
        cls,
        training: Training,
        section: InterestSection,
        context: Context,  # noqa: ARG003  (the seam's signature)
    ) -> Self:
        overall = training.user_counts.astype(np.float64)
        now = training.histories.now
        if now == NO_TIME:
            return cls(overall)
        recent = training.histories.user_counts(since=now - int(section.recent_days * DAY))
        return cls(recent + overall / (overall.max() + 1.0))
