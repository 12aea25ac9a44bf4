"""Scores of one expert for a block of users, with the mean and scale that standardize them.

Dot-product experts keep user vectors, neighborhood models sparse scores, others a dense matrix:
what is cheapest. Standardization leaves out seen videos, and cold items for an expert that cannot
score these.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from vireo.arrays import Bools, Doubles, Floats, Ints, matched
from vireo.interest.batch import Batch
from vireo.interest.expert import Expert
from vireo.interest.expert_protocols import Abilities, SparseScores
from vireo.interest.score_moments import Moments

ALL = slice(None)
"""All columns: every video of the catalogue."""
Columns = Ints | slice
CONSTANT = 1e-6
"""Standard deviations below this share of the largest score are rounding: no ranking."""


@dataclass(frozen=True)
class ExpertHandle:
    """One expert with the data that is prepared once for all users."""

    name: str
    expert: Expert
    abilities: Abilities
    moments: Moments | None = None
    """Of the vectors of a dot-product expert: its mean and deviation need no scores then."""
    sparse: bool = False
    """Whether a single user's scores are computed in sparse form, if the expert has such."""

    @cached_property
    def vectors(self) -> Floats | None:
        """(n, d) item vectors of a dot-product expert."""
        return None if (able := self.abilities.dot_product) is None else able.vectors

    @cached_property
    def order(self) -> Ints | None:
        """(n,) rows by descending score of an expert with one ranking for all users (d = 1)."""
        if self.vectors is None or self.vectors.shape[1] != 1:
            return None
        return np.argsort(-self.vectors[:, 0], kind="stable")


@dataclass(frozen=True)
class SeenPairs:
    """(user, video) pairs of the histories of a block, without repeats. (m,) each"""

    user: Ints
    video: Ints

    @classmethod
    def of(cls, batch: Batch, allow_repeats: bool) -> SeenPairs:
        """All pairs; none if seen videos are candidates too."""
        lengths = [0 if allow_repeats else len(h.videos) for h in batch.histories]
        users = np.repeat(np.arange(len(lengths)), lengths)
        videos = [h.videos for h, m in zip(batch.histories, lengths, strict=True) if m]
        flat = np.concatenate([*videos, np.zeros(0, dtype=np.int64)])
        user, video = np.divmod(np.unique(users * batch.n_videos + flat), batch.n_videos)
        return cls(user, video)

    def among(self, marked: Bools) -> SeenPairs:
        """The pairs whose video is marked (n,)."""
        keep = marked[self.video]
        return SeenPairs(self.user[keep], self.video[keep])

    def sums(self, values: Doubles | Floats, users: int) -> Doubles:
        """Per user the sum of one value per pair. (m,) -> (b,)"""
        summed = np.bincount(self.user, weights=values, minlength=users)
        return np.asarray(summed, dtype=np.float64)


@dataclass(frozen=True)
class ScoredCatalogue:
    """Size of the catalogue, and its warm and cold rows."""

    n_videos: int
    warm: Bools
    """(n,)"""
    cold: Ints


@dataclass(frozen=True)
class ExpertScores:
    """One expert's scores of a block of users, in the cheapest form, and their scale."""

    handle: ExpertHandle
    n_videos: int
    mean: Doubles
    """(b,)"""
    scale: Doubles
    """(b,) 1 / standard deviation; 0: constant scores, no ranking."""
    user_vectors: Floats | None = None
    """(b, d) of a dot-product expert."""
    raw: Floats | None = None
    """(b, n) scores, or (b, w) of the videos in `videos`; all other scores are 0."""
    videos: Ints | None = None
    """(w,) rising."""
    sparse: SparseScores | None = None
    """Of one user (b = 1): the scores that are not 0."""

    @cached_property
    def all_scores(self) -> Floats:
        """(b, n) raw scores."""
        return self.at(ALL)

    def at(self, columns: Columns) -> Floats:
        """(b, m) raw scores of some columns."""
        if self.sparse is not None:
            sparse = self.sparse
            own = sparse.dense if isinstance(columns, slice) else sparse.at(columns)
            return own[None, :]
        if self.raw is not None and self.videos is None:
            return self.raw[:, columns]
        if self.raw is not None:
            assert self.videos is not None
            return self._of_subset(self.raw, self.videos, columns)
        assert self.user_vectors is not None
        assert self.handle.vectors is not None
        if isinstance(columns, slice) and "all_scores" in self.__dict__:
            return self.all_scores
        return np.asarray(self.user_vectors @ self.handle.vectors[columns].T, dtype=np.float32)

    def _of_subset(self, raw: Floats, videos: Ints, columns: Columns) -> Floats:
        if isinstance(columns, slice):
            scores = np.zeros((len(raw), self.n_videos), dtype=np.float32)
            scores[:, videos] = raw
            return scores
        there, place = matched(columns, videos)
        scores = np.zeros((len(raw), len(columns)), dtype=np.float32)
        scores[:, there] = raw[:, place]
        return scores

    def weighted(
        self, columns: Columns, weight: Floats, cold: Ints, cold_weight: Floats | None
    ) -> Floats:
        """(b, m) standardized scores times (b,) weights; `cold` are positions of cold items."""
        if not weight.any() and not isinstance(columns, slice):  # only cold items are scored
            part = np.zeros((len(weight), len(columns)), dtype=np.float32)
            if cold_weight is not None and len(cold):
                part[:, cold] = cold_weight[:, None] * self.standardized(columns[cold])
            return part
        part = self.standardized(columns)
        kept = part[:, cold]
        part *= weight[:, None]
        if len(cold):
            part[:, cold] = 0.0 if cold_weight is None else cold_weight[:, None] * kept
        return part

    def standardized(self, columns: Columns) -> Floats:
        """(b, m) scores minus their mean, over their standard deviation."""
        scores = self.all_scores if isinstance(columns, slice) else self.at(columns)
        centered = scores - self.mean.astype(np.float32)[:, None]
        centered *= self.scale.astype(np.float32)[:, None]
        return np.asarray(centered, dtype=np.float32)


def expert_scores(
    handle: ExpertHandle, batch: Batch, seen: SeenPairs, catalogue: ScoredCatalogue
) -> ExpertScores:
    """Score a block of users by one expert, in the cheapest form that it supports."""
    expert = handle.expert
    counted = seen if expert.scores_cold_items else seen.among(catalogue.warm)
    if handle.sparse and handle.vectors is None and len(batch.histories) == 1:
        able = handle.abilities.sparse
        sparse = None if able is None else able.sparse_scores(batch.histories[0])
        if sparse is not None:
            return _of_sparse(handle, sparse, counted, catalogue)
    linear = handle.abilities.dot_product
    if linear is not None and handle.vectors is not None:
        user_vectors = linear.user_vectors(batch)
        user_vectors = np.ascontiguousarray(user_vectors, dtype=np.float32)
        if handle.moments is not None:
            return _of_moments(handle, user_vectors, counted, catalogue)
        raw = np.asarray(user_vectors @ handle.vectors.T, dtype=np.float32)
        return replace(_of_scores(handle, raw, counted, catalogue), user_vectors=user_vectors)
    subset = handle.abilities.subset
    if subset is not None:
        raw = np.ascontiguousarray(subset.score_subset(batch), dtype=np.float32)
        return _of_subset(handle, raw, subset.videos, counted, catalogue)
    raw = np.array(expert.score(batch), dtype=np.float32)
    return _of_scores(handle, raw, counted, catalogue)


def _counts(
    handle: ExpertHandle, seen: SeenPairs, users: int, catalogue: ScoredCatalogue
) -> Doubles:
    """(b,) number of candidates: all videos that the expert can score, without the seen."""
    size = catalogue.n_videos - (0 if handle.expert.scores_cold_items else len(catalogue.cold))
    return np.maximum(size - seen.sums(np.ones(len(seen.user)), users), 1)


def _of_moments(
    handle: ExpertHandle, user_vectors: Floats, seen: SeenPairs, catalogue: ScoredCatalogue
) -> ExpertScores:
    moments, vectors, users = handle.moments, handle.vectors, len(user_vectors)
    assert moments is not None
    assert vectors is not None
    wide = user_vectors.astype(np.float64)
    own = np.einsum("ij,ij->i", user_vectors[seen.user], vectors[seen.video])
    own = own.astype(np.float64)
    left = moments.count - seen.sums(np.ones(len(own)), users)
    count = np.maximum(left, 1)
    mean = (wide @ moments.total - seen.sums(own, users)) / count
    squares = moments.quadratic(wide) - seen.sums(own * own, users)
    second = np.maximum(squares, 0.0) / count
    scale = np.where(left > 0, _scale(second - mean * mean, np.sqrt(second)), 0.0)
    return ExpertScores(handle, catalogue.n_videos, mean, scale, user_vectors)


def _of_scores(
    handle: ExpertHandle, raw: Floats, seen: SeenPairs, catalogue: ScoredCatalogue
) -> ExpertScores:
    """`raw` (b, n) is centered in place."""
    largest = _largest(raw)
    cold = None if handle.expert.scores_cold_items else catalogue.cold
    count = _counts(handle, seen, len(raw), catalogue)
    mean, variance = _centered(raw, (seen.user, seen.video), cold, count)
    return ExpertScores(handle, catalogue.n_videos, mean, _scale(variance, largest), raw=raw)


def _of_subset(
    handle: ExpertHandle,
    raw: Floats,
    videos: Ints,
    seen: SeenPairs,
    catalogue: ScoredCatalogue,
) -> ExpertScores:
    """The mean counts all videos; those outside of the subset score 0."""
    there, place = matched(seen.video, videos)
    own = (seen.user[there], place)
    count = _counts(handle, seen, len(raw), catalogue)
    kept = raw[own]
    raw[own] = 0.0
    mean = raw.sum(axis=1, dtype=np.float64) / count
    variance = np.einsum("ij,ij->i", raw, raw).astype(np.float64) / count - mean * mean
    raw[own] = kept
    scale = _scale(variance, _largest(raw))
    return ExpertScores(handle, catalogue.n_videos, mean, scale, raw=raw, videos=videos)


def _of_sparse(
    handle: ExpertHandle, sparse: SparseScores, seen: SeenPairs, catalogue: ScoredCatalogue
) -> ExpertScores:
    counts = np.ones(len(sparse.rows), dtype=np.bool_)
    counts[matched(seen.video, sparse.rows)[1]] = False
    if not handle.expert.scores_cold_items:
        counts &= catalogue.warm[sparse.rows]
    count = _counts(handle, seen, 1, catalogue)
    values = sparse.values[counts].astype(np.float64)
    mean, second = values.sum() / count, (values @ values) / count
    scale = _scale(second - mean * mean, _largest(sparse.values[None, :]))
    return ExpertScores(handle, catalogue.n_videos, mean, scale, sparse=sparse)


def _largest(raw: Floats) -> Floats:
    """(b,) largest absolute score."""
    largest: Floats = np.maximum(raw.max(axis=1, initial=0.0), -raw.min(axis=1, initial=0.0))
    return largest


def _centered(
    raw: Floats, seen: tuple[Ints, Ints], cold: Ints | None, count: Doubles
) -> tuple[Doubles, Doubles]:
    """Center the rows of `raw` (b, n); mean left by rounding and variance, (b,) each.

    Mean and variance are those of the `count` candidates, without `seen` (rows, columns) and the
    columns `cold`. Centering comes before squaring: equal scores get exactly no variance.
    """
    kept = _set_aside(raw, seen, cold)
    middle = (raw.sum(axis=1, dtype=np.float64) / count).astype(np.float32)
    raw -= middle[:, None]
    _set_aside(raw, seen, cold)
    mean = raw.sum(axis=1, dtype=np.float64) / count
    variance = np.einsum("ij,ij->i", raw, raw).astype(np.float64) / count - mean * mean
    if cold is not None and kept[1] is not None:
        raw[:, cold] = kept[1] - middle[:, None]
    raw[seen] = kept[0] - middle[seen[0]]
    return mean, variance


def _set_aside(
    raw: Floats, seen: tuple[Ints, Ints], cold: Ints | None
) -> tuple[Floats, Floats | None]:
    """Set the scores that do not count to 0; return them."""
    kept = raw[seen], None if cold is None else raw[:, cold]
    raw[seen] = 0.0
    if cold is not None:
        raw[:, cold] = 0.0
    return kept


def _scale(variance: Doubles, largest: Doubles | Floats) -> Doubles:
    """(b,) 1 / standard deviation; 0 where scores are equal but for rounding."""
    deviation = np.sqrt(np.maximum(variance, 0.0))
    ranks = deviation > CONSTANT * largest
    return np.where(ranks, 1.0 / np.where(ranks, deviation, 1.0), 0.0)
