"""Few: what an expert says of the few videos that it speaks of, where it says 0 of all others.

Counted neighbours name some hundred videos of a large catalogue; a row of scores of all of them
takes a hundred times as long to write, to measure and to sort as these few.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np

from vireo.arrays import Bools, Floats, Ints
from vireo.behavior.base import History
from vireo.interest.base import Expert


@dataclass(frozen=True)
class SparseScores:
    """Scores of one viewer."""

    rows: Ints
    """(f,) rising."""
    values: Floats
    """(f,)"""
    n_videos: int

    @property
    def whole(self) -> Floats:
        """The scores of all videos. (n,)"""
        scores = np.zeros(self.n_videos, dtype=np.float32)
        scores[self.rows] = self.values
        return scores

    def at(self, rows: Ints) -> Floats:
        """The scores of these videos. (m,)"""
        there, place = found(rows, self.rows)
        scores = np.zeros(len(rows), dtype=np.float32)
        scores[there] = self.values[place]
        return scores

    def spread(self, counts: Bools, size: int) -> tuple[float, float]:
        """Mean and deviation among `size` videos, of the few those that count (f,)."""
        values = self.values[counts].astype(np.float64)
        mean = float(values.sum()) / max(size, 1)
        second = float(values @ values) / max(size, 1)
        return mean, float(np.sqrt(max(second - mean * mean, 0.0)))


def found(rows: Ints, among: Ints) -> tuple[Ints, Ints]:
    """Which of the rows are `among` others (rising, without repeats), and at which place there."""
    if not len(among):
        return among, among
    place = np.minimum(np.searchsorted(among, rows), len(among) - 1)
    there = np.flatnonzero(among[place] == rows)
    return there, place[there]


class SupportsSparseScores(Protocol):
    """An expert that speaks of few videos."""

    def sparse_scores(self, history: History) -> SparseScores | None:
        """What `score` says, video by video; None: it cannot be told so."""
        ...


def sparse_scores_of(expert: Expert, history: History) -> SparseScores | None:
    """What the expert says, if it is one that speaks of few."""
    return (
        cast(SupportsSparseScores, expert).sparse_scores(history)
        if hasattr(type(expert), "sparse_scores")
        else None
    )
