"""Index tuning: spherical k-means, then the fewest probes that reach the recall.

Recall is measured against exact search, on user vectors where the data has some.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vireo.arrays import Bools, Floats, Ints
from vireo.interest.score_moments import Moments
from vireo.recommend.index.faiss_index import PARTS, flat, found, inverted
from vireo.recommend.index.spec import IndexSpec

COUNT = 100
"""Recall@100 is measured."""
WIDTHS = (48, 64, 96, 128)
"""Dimensions of a projection that are tried; multiples of LANES."""
WIDE = 2 * WIDTHS[-1]
"""Dimensions from which a projection is tried."""
_OVER = (2, 3, 4)
_ROUNDS = 8
_SAMPLE = 64
"""Vectors per list that k-means learns from."""
_MAX_LISTS = 4096
_BLOCK = 65_536
_SURE = 0.005
"""Margin of the measured recall above the goal, for its sampling error."""


def exact_spec(vectors: Floats, known: Bools) -> IndexSpec:
    """Spec of exhaustive search over vectors (n, d); `known` as in `tune_ivf`."""
    width = vectors.shape[1]
    nothing = np.zeros((0, width), dtype=np.float32)
    return IndexSpec(
        nothing, np.zeros(0, dtype=np.int64), 0, 1.0, _moments(vectors, known), len(vectors)
    )


def tune_pca(vectors: Floats, known: Bools, queries: Floats, goal: float) -> IndexSpec | None:
    """Spec of exhaustive search in a PCA projection of vectors (n, d); None if it misses the goal.

    `over` times COUNT candidates are rescored in full width.
    """
    spec = exact_spec(vectors, known)
    truth = exact(vectors, queries, min(COUNT, len(vectors)))
    narrow = _narrow(vectors, spec.moments, queries, truth, goal)
    if narrow is None:
        return None
    spec.made["main"] = narrow.index
    return replace(spec, recall=narrow.recall, basis=narrow.basis, over=narrow.over)


@dataclass(frozen=True)
class _Narrow:
    """Smallest PCA projection (of WIDTHS) and rescoring factor that reach the goal."""

    basis: Floats
    """(d, w) the first directions of the sum of the outer products (principal components)."""
    over: int
    recall: float
    index: Any


def _narrow(
    vectors: Floats, moments: Moments, queries: Floats, truth: Ints, goal: float
) -> _Narrow | None:
    _, directions = np.linalg.eigh(moments.squares)
    for width in WIDTHS:
        basis = np.ascontiguousarray(directions[:, ::-1][:, :width], dtype=np.float32)
        index = flat(vectors @ basis)
        for over in _OVER:
            taken = min(over * COUNT, len(vectors))
            recall = recall_of(found(index, queries @ basis, taken, PARTS)[1], truth)
            if recall >= min(goal + _SURE, 1.0):
                return _Narrow(basis, over, round(recall, 4), index)
    return None


def tune_ivf(vectors: Floats, known: Bools, queries: Floats, goal: float, seed: int) -> IndexSpec:
    """The plan for vectors (n, d), asked for by queries (q, d) like these.

    `known` (n,) marks the rows that count as candidates of their expert, for the moments. A goal
    that no share of the lists reaches takes probes of all. Wide vectors are projected to few
    dimensions if that loses no more than half of the tolerated recall.
    """
    moments = _moments(vectors, known)
    truth = exact(vectors, queries, min(COUNT, len(vectors)))
    wide = vectors.shape[1] >= WIDE
    narrow = _narrow(vectors, moments, queries, truth, (1 + goal) / 2) if wide else None
    held, asked, over = vectors, queries, 1
    basis = np.zeros((0, 0), dtype=np.float32)
    if narrow is not None:
        basis, over = narrow.basis, narrow.over
        held, asked = vectors @ basis, queries @ basis
    centroids = _centroids(held, seed)
    lists = _nearest(centroids, held)
    index = inverted(centroids, lists, held)
    probes, recall = _probes(index, asked, truth, goal, over, len(centroids))
    rounded = round(recall, 4)
    plan = IndexSpec(centroids, lists, probes, rounded, moments, len(vectors), basis, over)
    plan.made["main"] = index
    return plan


def _moments(vectors: Floats, known: Bools) -> Moments:
    return Moments.of(vectors if known.all() else vectors[known])


def _centroids(vectors: Floats, seed: int) -> Floats:
    import faiss

    n, width = vectors.shape
    count = int(min(_MAX_LISTS, max(1, 2 ** round(np.log2(np.sqrt(n))))))
    kmeans = faiss.Kmeans(
        width,
        count,
        niter=_ROUNDS,
        seed=seed,
        spherical=True,
        max_points_per_centroid=_SAMPLE,
        min_points_per_centroid=1,
    )
    kmeans.train(np.ascontiguousarray(vectors, dtype=np.float32))
    return np.asarray(kmeans.centroids, dtype=np.float32)


def _nearest(centroids: Floats, vectors: Floats) -> Ints:
    """The list of every vector. (n,) int64"""
    found = [
        (vectors[start : start + _BLOCK] @ centroids.T).argmax(axis=1)
        for start in range(0, len(vectors), _BLOCK)
    ]
    return np.concatenate([*found, np.zeros(0, dtype=np.int64)]).astype(np.int64)


def _probes(
    index: Any, queries: Floats, truth: Ints, goal: float, over: int, lists: int
) -> tuple[int, float]:
    """The fewest of 1, 2, 3, 4, 6, 8, 12, ... probes that reach the goal, and their recall.

    `over` times as many as needed are taken and rescored.
    """
    tried = sorted({min(lists, step * 2**power // 2) for power in range(14) for step in (2, 3)})
    recall = 0.0
    for probes in tried:
        recall = recall_of(found(index, queries, over * truth.shape[1], probes)[1], truth)
        if recall >= min(goal + _SURE, 1.0):
            return probes, recall
    return lists, recall


def exact(vectors: Floats, queries: Floats, count: int) -> Ints:
    """The best rows of every query, in no order. (q, count)"""
    best = np.zeros((len(queries), 0), dtype=np.int64)
    scores = np.zeros((len(queries), 0), dtype=np.float32)
    for start in range(0, len(vectors), _BLOCK):
        block = queries @ vectors[start : start + _BLOCK].T
        rows = np.broadcast_to(np.arange(start, start + block.shape[1]), block.shape)
        scores, best = np.hstack([scores, block]), np.hstack([best, rows])
        if scores.shape[1] > count:
            keep = np.argpartition(-scores, count - 1, axis=1)[:, :count]
            scores = np.take_along_axis(scores, keep, axis=1)
            best = np.take_along_axis(best, keep, axis=1)
    return best


def recall_of(found: Ints, truth: Ints) -> float:
    """Mean share of the true rows (q, c) that are among those found (q, c')."""
    shares = [np.isin(want, have).mean() for want, have in zip(truth, found, strict=True)]
    return float(np.mean(shares)) if shares else 1.0
