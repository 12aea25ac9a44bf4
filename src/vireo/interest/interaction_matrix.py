"""Histories -> the sparse matrices that experts multiply, for all viewers of a batch at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from vireo.arrays import Bools, Floats, Ints
from vireo.behavior.base import History

FAINTEST = 1e-5


@dataclass(frozen=True)
class PositiveMatrix:
    """What the viewers of a batch wanted, viewer by viewer, everybody's newest first."""

    videos: Ints
    """(e,)"""
    starts: Ints
    """(b + 1,) where each viewer's part begins."""
    n_videos: int

    @classmethod
    def of(cls, histories: Sequence[History], n_videos: int) -> PositiveMatrix:
        # Nothing here is done once per viewer but to name the arrays: lists of everybody are made
        # of thousands of such batches.
        none = np.zeros(0, dtype=np.int64)
        videos = np.concatenate([*(h.videos for h in histories), none])
        weights = np.concatenate([*(h.weights for h in histories), none])
        ends = np.cumsum([0, *(len(h) for h in histories)])
        kept = np.concatenate([[0], np.cumsum(weights > 0)])
        starts = kept[ends].astype(np.int64)
        oldest_first = videos[weights > 0]
        owners = np.repeat(np.arange(len(histories)), np.diff(starts))
        mirrored = starts[owners] + starts[owners + 1] - 1 - np.arange(len(oldest_first))
        return cls(oldest_first[mirrored], starts, n_videos)

    @cached_property
    def owners(self) -> Ints:
        """The viewer of every event. (e,)"""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    @cached_property
    def lags(self) -> Ints:
        """How many wanted events of the same viewer came after each. (e,)"""
        return np.asarray(np.arange(len(self.videos)) - self.starts[self.owners])

    @cached_property
    def _pairs(self) -> Ints:
        """Viewer and video in one number, rising. (e,)"""
        return np.sort(self.owners * self.n_videos + self.videos)

    @cached_property
    def _come_again(self) -> bool:
        return bool((self._pairs[1:] == self._pairs[:-1]).any())

    def binary(self) -> sparse.csr_matrix:
        """1 for every video that was wanted. (b, n) float32"""
        pairs = np.unique(self._pairs) if self._come_again else self._pairs
        owners = pairs // max(self.n_videos, 1)
        values = np.ones(len(pairs), dtype=np.float32)
        return self._matrix(owners, pairs - owners * self.n_videos, values)

    def decayed(self, span: float) -> sparse.csr_matrix:
        """exp(-k / span) for the k-th last video, which counts where it came last. (b, n)

        What has faded below FAINTEST is left out: nobody's list changes, and long histories cost
        no more than short ones.
        """
        owners, videos, lags = self.owners, self.videos, self.lags
        if self._come_again:
            _, newest = np.unique(owners * self.n_videos + videos, return_index=True)
            newest = np.sort(newest)
            owners, videos = owners[newest], videos[newest]
            firsts = np.searchsorted(owners, np.arange(len(self.starts) - 1))
            lags = np.arange(len(owners)) - firsts[owners]
        kept = lags < -np.log(FAINTEST) * span
        values = np.exp(-lags[kept] / span).astype(np.float32)
        matrix = self._matrix(owners[kept], videos[kept], values)
        matrix.sort_indices()
        return matrix

    def decayed_by(self, span: float, least: float) -> sparse.csr_matrix:
        """exp(-k / span) for the k-th last event, added up by video. (b, n)

        What has faded below `least` is left out.
        """
        kept = self.before(span, least)
        values = np.exp(-self.lags[kept] / span).astype(np.float32)
        matrix = self._matrix(self.owners[kept], self.videos[kept], values)
        matrix.sum_duplicates()
        return matrix

    def before(self, span: float, least: float) -> Bools:
        """Which events have not yet faded below `least`. (e,)"""
        most = int(np.floor(-np.log(least) * span)) + 1
        return np.asarray(self.lags < most)

    def _matrix(self, owners: Ints, videos: Ints, values: Floats) -> sparse.csr_matrix:
        """Entries whose owners rise -> (b, n)"""
        viewers = len(self.starts) - 1
        starts = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=viewers))])
        shape = (viewers, self.n_videos)
        return sparse.csr_matrix((values, videos, starts), shape=shape, dtype=np.float32)
