"""A block of users to score, and the sparse matrices of their positive interactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from vireo.arrays import Bools, Floats, Ints
from vireo.behavior.base import History

MIN_INPUT = 1e-5
"""Smaller weights of an input are left out: long histories cost no more than short ones."""


@dataclass(frozen=True)
class PositiveMatrix:
    """Positive interactions of a block of users: user by user, newest first."""

    videos: Ints
    """(e,)"""
    starts: Ints
    """(b + 1,) first entry of each user."""
    n_videos: int

    @classmethod
    def of(cls, histories: Sequence[History], n_videos: int) -> PositiveMatrix:
        """Concatenate the histories; no work per user but to collect the arrays."""
        none = np.zeros(0, dtype=np.int64)
        videos = np.concatenate([*(h.videos for h in histories), none])
        weights = np.concatenate([*(h.weights for h in histories), none])
        ends = np.cumsum([0, *(len(h.videos) for h in histories)])
        kept = np.concatenate([[0], np.cumsum(weights > 0)])
        starts = kept[ends].astype(np.int64)
        oldest_first = videos[weights > 0]
        owners = np.repeat(np.arange(len(histories)), np.diff(starts))
        mirrored = starts[owners] + starts[owners + 1] - 1 - np.arange(len(oldest_first))
        return cls(oldest_first[mirrored], starts, n_videos)

    @cached_property
    def owners(self) -> Ints:
        """(e,) position of the user in the block."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    @cached_property
    def lags(self) -> Ints:
        """(e,) number of later positive interactions of the same user."""
        return np.asarray(np.arange(len(self.videos)) - self.starts[self.owners])

    @cached_property
    def _pairs(self) -> Ints:
        """(e,) user and video as one number, rising."""
        return np.sort(self.owners * self.n_videos + self.videos)

    @cached_property
    def _has_repeats(self) -> bool:
        return bool((self._pairs[1:] == self._pairs[:-1]).any())

    def binary(self) -> sparse.csr_matrix:
        """(b, n) float32: 1 for every video with a positive interaction."""
        pairs = np.unique(self._pairs) if self._has_repeats else self._pairs
        owners = pairs // max(self.n_videos, 1)
        values = np.ones(len(pairs), dtype=np.float32)
        return self._matrix(owners, pairs - owners * self.n_videos, values)

    def decayed(self, span: float) -> sparse.csr_matrix:
        """(b, n) exp(-k / span) for the k-th last distinct video; its newest position counts."""
        owners, videos, lags = self.owners, self.videos, self.lags
        if self._has_repeats:
            _, newest = np.unique(owners * self.n_videos + videos, return_index=True)
            newest = np.sort(newest)
            owners, videos = owners[newest], videos[newest]
            firsts = np.searchsorted(owners, np.arange(len(self.starts) - 1))
            lags = np.arange(len(owners)) - firsts[owners]
        kept = lags < -np.log(MIN_INPUT) * span
        values = np.exp(-lags[kept] / span).astype(np.float32)
        matrix = self._matrix(owners[kept], videos[kept], values)
        matrix.sort_indices()
        return matrix

    def decayed_sum(self, span: float, minimum: float) -> sparse.csr_matrix:
        """(b, n) exp(-k / span) for the k-th last interaction, summed by video.

        Values below `minimum` are left out.
        """
        kept = self.within(span, minimum)
        values = np.exp(-self.lags[kept] / span).astype(np.float32)
        matrix = self._matrix(self.owners[kept], self.videos[kept], values)
        matrix.sum_duplicates()
        return matrix

    def within(self, span: float, minimum: float) -> Bools:
        """(e,) interactions whose decay is still at least `minimum`."""
        most = int(np.floor(-np.log(minimum) * span)) + 1
        return np.asarray(self.lags < most)

    def _matrix(self, owners: Ints, videos: Ints, values: Floats) -> sparse.csr_matrix:
        """(b, n) from entries whose owners rise."""
        users = len(self.starts) - 1
        starts = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=users))])
        shape = (users, self.n_videos)
        return sparse.csr_matrix((values, videos, starts), shape=shape, dtype=np.float32)


@dataclass(frozen=True)
class Batch:
    """Histories of a block of users, and the time of the request (ms, or NO_TIME)."""

    histories: Sequence[History]
    now: int
    n_videos: int
    times: Sequence[int] | None = None
    """(b,) times of the requests, if they differ from user to user."""

    @cached_property
    def moments(self) -> Sequence[int]:
        """(b,) time of each request."""
        return self.times if self.times is not None else [self.now] * len(self.histories)

    @cached_property
    def positives_matrix(self) -> PositiveMatrix:
        """Positive interactions, newest first."""
        return PositiveMatrix.of(self.histories, self.n_videos)

    @cached_property
    def positives(self) -> sparse.csr_matrix:
        """(b, n) float32: 1 for every video with a positive interaction."""
        return self.positives_matrix.binary()
