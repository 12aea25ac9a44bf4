"""Counted item-to-item signals: what follows what, and what is watched in one sitting.

Both are sparse, so that they still speak where the closed-form experts have too many videos. Item
transitions and session co-occurrence as baselines: Ludewig and Jannach 2018, arXiv:1803.09587.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse

from vireo.arrays import Doubles, Floats, Ints
from vireo.behavior.base import History
from vireo.engine.base import Context
from vireo.interest.base import Batch, InterestSection, Training

_FILE = "neighbours.safetensors"
_LONGEST = 6
"""Pairs of events that are farther apart than this are not counted."""
_FADING = 2.0
"""A pair `lag` events apart counts exp(-(lag - 1) / _FADING)."""
_SPAN = 2.0
"""The k-th last video of a viewer asks with weight exp(-k / _SPAN)."""
_LEAST = 0.02
_DOUBT = 5.0
"""Pairs that a video must have been seen in before its shares are half believed."""
_MOST = 200
"""Strongest neighbours of a video that are kept."""


@dataclass(frozen=True)
class Transitions:
    """The share of the moments after a video in which each other video came soon."""

    name: ClassVar[str] = "transitions"
    knows_new: ClassVar[bool] = False
    matrix: sparse.csr_matrix
    """(n, n): row j is what watching j adds to each video."""

    @classmethod
    def fit(
        cls,
        training: Training,
        section: InterestSection,  # noqa: ARG003  (the seam's signature)
        context: Context,  # noqa: ARG003
    ) -> Self:
        users, videos, _ = _wanted(training)
        counts = _counted(users, videos, training.n_videos)
        return cls(_strongest(_scaled(counts, 1.0 / (_total(counts) + _DOUBT))))

    def score(self, batch: Batch) -> Floats:
        asked = batch.faded(_SPAN, _LEAST)
        return np.asarray((asked @ self.matrix).toarray(), dtype=np.float32)

    def contributions(self, history: History, video: int) -> Floats | None:
        """Exact: the entries add up to the score."""
        added = np.zeros(len(history), dtype=np.float32)
        wanted = np.flatnonzero(history.weights > 0)
        fading = np.exp(-np.arange(len(wanted))[::-1] / _SPAN)
        fading[fading < _LEAST] = 0.0
        column = self.matrix[:, [video]].toarray()[:, 0]
        added[wanted] = fading * column[history.videos[wanted]]
        return added

    def save(self, directory: Path) -> None:
        arrays = {
            "data": self.matrix.data,
            "indices": self.matrix.indices,
            "indptr": self.matrix.indptr,
        }
        save_file(arrays, directory / _FILE)

    @classmethod
    def load(cls, directory: Path) -> Self:
        kept = load_file(directory / _FILE)
        n = len(kept["indptr"]) - 1
        parts = (kept["data"], kept["indices"], kept["indptr"])
        return cls(sparse.csr_matrix(parts, shape=(n, n)))


@dataclass(frozen=True)
class Together(Transitions):
    """How often two videos are watched in one sitting, against how often each is (cosine)."""

    name: ClassVar[str] = "together"
    knows_new: ClassVar[bool] = False

    @classmethod
    def fit(
        cls,
        training: Training,
        section: InterestSection,  # noqa: ARG003  (the seam's signature)
        context: Context,  # noqa: ARG003
    ) -> Self:
        users, videos, sessions = _wanted(training)
        _, sittings = np.unique(np.stack([users, sessions]), axis=1, return_inverse=True)
        one_way = _counted(sittings.ravel(), videos, training.n_videos)
        counts = sparse.csr_matrix(one_way + one_way.T)
        scale = 1.0 / np.sqrt(_total(counts) + _DOUBT)
        balanced = _scaled(_scaled(counts, scale).T.tocsr(), scale)
        return cls(_strongest(balanced))


def _wanted(training: Training) -> tuple[Ints, Ints, Ints]:
    """User row, video and session of every wanted event, in order. (e,), (e,), (e,)"""
    histories = training.histories
    keep = histories.weights > 0
    return histories.user_rows[keep], histories.videos[keep], histories.sessions[keep]


def _counted(groups: Ints, videos: Ints, n: int) -> sparse.csr_matrix:
    """Pairs of one group's events, the earlier video by row, faded by their distance. (n, n)"""
    counts = sparse.csr_matrix((n, n), dtype=np.float64)
    for lag in range(1, min(_LONGEST, len(videos) - 1) + 1):
        earlier, later = videos[:-lag], videos[lag:]
        same = (groups[:-lag] == groups[lag:]) & (earlier != later)
        amounts = np.full(int(same.sum()), np.exp(-(lag - 1) / _FADING))
        cells = (earlier[same], later[same])
        counts = counts + sparse.csr_matrix((amounts, cells), shape=(n, n))
    return counts


def _total(counts: sparse.csr_matrix) -> Doubles:
    return np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()


def _scaled(matrix: sparse.csr_matrix, factors: Doubles) -> sparse.csr_matrix:
    """Every row times its factor."""
    return sparse.csr_matrix(sparse.diags(factors) @ matrix)


def _strongest(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """The _MOST largest entries of every row; equal ones in the order of the videos."""
    matrix.sort_indices()
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    place = np.arange(len(order)) - matrix.indptr[rows]
    kept = np.sort(order[place < _MOST])
    cells = (rows[kept], matrix.indices[kept])
    data = matrix.data[kept].astype(np.float32)
    return sparse.csr_matrix((data, cells), shape=matrix.shape)
