"""Counted item-to-item signals: what follows what, what is watched in one sitting, by one viewer.

All are sparse, so they work where the catalogue is too large for the closed-form experts. Item
transitions and session co-occurrence as baselines: Ludewig and Jannach 2018, arXiv:1803.09587; the
weights of `knn`: Robertson and Walker 1994 (BM25).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from safetensors.numpy import save_file
from scipy import sparse

from vireo.arrays import Doubles, Floats, Ints, matched
from vireo.artifacts.tensor_files import read_arrays
from vireo.behavior.base import History
from vireo.engine.base import Context
from vireo.interest.base import Batch, InterestSection, Training
from vireo.interest.expert_protocols import SparseScores

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
_NEAREST = 20
_AT_ONCE = 16_000_000
"""Entries of a matrix that are made or sorted at once."""
_SATURATION, _BALANCE = 1.2, 0.75
"""BM25's k1 and b."""


@dataclass(frozen=True)
class Transitions:
    """The share of the moments after a video in which each other video came soon."""

    name: ClassVar[str] = "transitions"
    scores_cold_items: ClassVar[bool] = False
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

    @staticmethod
    def inputs(batch: Batch) -> sparse.csr_matrix:
        """How much each video of a history asks. (b, n)"""
        return batch.positives_matrix.decayed_sum(_SPAN, _LEAST)

    def score(self, batch: Batch) -> Floats:
        asked = self.inputs(batch)
        return np.asarray((asked @ self.matrix).toarray(), dtype=np.float32)

    @staticmethod
    def asking(history: History) -> Floats:
        """How much each entry of a history asks. (m,)"""
        asked = np.zeros(len(history.videos), dtype=np.float32)
        positive = np.flatnonzero(history.weights > 0)
        decay = np.exp(-np.arange(len(positive))[::-1] / _SPAN)
        asked[positive] = np.where(decay < _LEAST, 0.0, decay)
        return asked

    def contributions(self, history: History, video: int) -> Floats | None:
        """Exact: the entries add up to the score."""
        return self.contributions_to(history, np.array([video]))[:, 0]

    def contributions_to(self, history: History, videos: Ints) -> Floats:
        """The same for several videos (v,); only the rows of the history are read. (m, v)"""
        entry, neighbours, amounts = self._read(history)
        added = np.zeros((len(history.videos), len(videos)), dtype=np.float32)
        order = np.argsort(videos)
        there, place = matched(neighbours, videos[order])
        added[entry[there], order[place]] = amounts[there]
        return added

    def sparse_scores(self, history: History) -> SparseScores:
        """`score` from the neighbours of a history."""
        _, neighbours, amounts = self._read(history)
        rows, place = np.unique(neighbours, return_inverse=True)
        sums = np.bincount(place, weights=amounts, minlength=len(rows))
        return SparseScores(rows.astype(np.int64), sums.astype(np.float32), self.matrix.shape[0])

    def _read(self, history: History) -> tuple[Ints, Ints, Floats]:
        """All neighbours of all entries: whose entry, which video, what it adds. (e,) each"""
        asked = self.asking(history)
        entries = np.flatnonzero(asked)
        starts = self.matrix.indptr[history.videos[entries]]
        counts = self.matrix.indptr[history.videos[entries] + 1] - starts
        entry = np.repeat(entries, counts)
        first = np.cumsum(counts) - counts
        cell = np.arange(len(entry)) + np.repeat(starts - first, counts)
        return entry, self.matrix.indices[cell], asked[entry] * self.matrix.data[cell]

    def save(self, directory: Path) -> None:
        arrays = {
            "data": self.matrix.data,
            "indices": self.matrix.indices,
            "indptr": self.matrix.indptr,
        }
        save_file(arrays, directory / _FILE)

    @classmethod
    def load(cls, directory: Path) -> Self:
        kept = read_arrays(directory / _FILE)
        n = len(kept["indptr"]) - 1
        parts = (kept["data"], kept["indices"], kept["indptr"])
        return cls(sparse.csr_matrix(parts, shape=(n, n)))


@dataclass(frozen=True)
class SessionCooccurrence(Transitions):
    """How often two videos are watched in one sitting, against how often each is (cosine)."""

    name: ClassVar[str] = "cooccurrence"
    scores_cold_items: ClassVar[bool] = False

    @classmethod
    def fit(
        cls,
        training: Training,
        section: InterestSection,  # noqa: ARG003  (the seam's signature)
        context: Context,  # noqa: ARG003
    ) -> Self:
        users, videos, sessions = _wanted(training)
        sittings = users * (int(sessions.max(initial=0)) + 1) + sessions
        one_way = _counted(sittings, videos, training.n_videos)
        counts = sparse.csr_matrix(one_way + one_way.T)
        del one_way
        scale = 1.0 / np.sqrt(_total(counts) + _DOUBT)
        balanced = _scaled(_scaled(counts, scale).T.tocsr(), scale)
        return cls(_strongest(balanced))


@dataclass(frozen=True)
class ItemKnn(Transitions):
    """The nearest videos by common users: all positives of a user have the same weight.

    A viewer's row is weighted as BM25 weights a text: who watched much says less of each video, and
    what few watched says more. Each video keeps its _NEAREST, unscaled, so that popular ones lead.
    """

    name: ClassVar[str] = "item-knn"
    scores_cold_items: ClassVar[bool] = False

    @classmethod
    def fit(
        cls,
        training: Training,
        section: InterestSection,  # noqa: ARG003  (the seam's signature)
        context: Context,  # noqa: ARG003
    ) -> Self:
        watched = training.histories.positives.copy().astype(np.float64)
        watched.data[:] = 1.0
        lengths = _total(watched)
        mean = lengths.sum() / max(len(lengths), 1)
        norm = 1.0 - _BALANCE + _BALANCE * lengths / max(mean, 1e-12)
        rarity = np.log(max(len(lengths), 1)) - np.log1p(training.user_counts)
        weighted = _scaled(watched, (_SATURATION + 1.0) / (_SATURATION * norm + 1.0))
        weighted = sparse.csr_matrix(weighted @ sparse.diags(np.maximum(rarity, 0.0)))
        return cls(_nearest(sparse.csr_matrix(weighted.T), weighted, _NEAREST))

    @staticmethod
    def inputs(batch: Batch) -> sparse.csr_matrix:
        """1 for every positive. (b, n)"""
        return batch.positives

    @staticmethod
    def asking(history: History) -> Floats:
        """1 for the newest entry of every positive, which stands for all of them. (m,)"""
        inputs = np.zeros(len(history.videos), dtype=np.float32)
        inputs[history.newest_positives] = 1.0
        return inputs


def _wanted(training: Training) -> tuple[Ints, Ints, Ints]:
    """User row, video and session of every positive event, in order. (e,), (e,), (e,)"""
    histories = training.histories
    keep = histories.weights > 0
    return histories.user_rows[keep], histories.videos[keep], histories.sessions[keep]


def _counted(groups: Ints, videos: Ints, n: int) -> sparse.csr_matrix:
    """Pairs of one group's events, the earlier video by row, decayed by their distance. (n, n)"""
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


def _strongest(matrix: sparse.csr_matrix, most: int = _MOST) -> sparse.csr_matrix:
    """The largest entries of every row; equal ones in the order of the videos.

    A part of the rows at a time: sorting takes several times what the entries take.
    """
    matrix.sort_indices()
    starts = [0]
    while starts[-1] < matrix.shape[0]:
        reach = int(np.searchsorted(matrix.indptr, matrix.indptr[starts[-1]] + _AT_ONCE, "right"))
        starts.append(min(max(reach - 1, starts[-1] + 1), matrix.shape[0]))
    parts = [_largest(matrix[a:b], most) for a, b in pairwise(starts)]
    return sparse.csr_matrix(sparse.vstack(parts)) if parts else matrix.astype(np.float32)


def _largest(matrix: sparse.csr_matrix, most: int) -> sparse.csr_matrix:
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    place = np.arange(len(order)) - matrix.indptr[rows]
    kept = np.sort(order[place < most])
    cells = (rows[kept], matrix.indices[kept])
    data = matrix.data[kept].astype(np.float32)
    return sparse.csr_matrix((data, cells), shape=matrix.shape)


def _nearest(left: sparse.csr_matrix, right: sparse.csr_matrix, most: int) -> sparse.csr_matrix:
    """The largest entries of every row of left @ right, which as a whole may not fit into memory.

    (n, u) and (u, n) -> (n, n)
    """
    step = max(1, _AT_ONCE // max(right.shape[1], 1))
    starts = range(0, left.shape[0], step)
    parts = [_strongest(sparse.csr_matrix(left[at : at + step] @ right), most) for at in starts]
    return sparse.csr_matrix(sparse.vstack(parts)) if parts else left.astype(np.float32)
