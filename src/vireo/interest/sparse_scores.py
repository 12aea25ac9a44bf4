"""Sparse scores of one user: rows and non-zero values; all other videos score 0.

Neighborhood models score some hundred videos of a large catalogue. A dense row takes a hundred
times as long to write, standardize and sort.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vireo.arrays import Floats, Ints


@dataclass(frozen=True)
class SparseScores:
    """Rows and scores of one user; rows that are missing score 0."""

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


def found(rows: Ints, among: Ints) -> tuple[Ints, Ints]:
    """Which of the rows are `among` others (rising, without repeats), and at which place there."""
    if not len(among):
        return among, among
    place = np.minimum(np.searchsorted(among, rows), len(among) - 1)
    there = np.flatnonzero(among[place] == rows)
    return there, place[there]


def within(raw: Floats, videos: Ints, n_videos: int, columns: Ints | slice) -> Floats:
    """(b, w) scores of `videos` -> (b, m) scores of other columns; all other videos score 0."""
    if isinstance(columns, slice):
        whole = np.zeros((len(raw), n_videos), dtype=np.float32)
        whole[:, videos] = raw
        return whole
    there, place = found(columns, videos)
    scores = np.zeros((len(raw), len(columns)), dtype=np.float32)
    scores[:, there] = raw[:, place]
    return scores
