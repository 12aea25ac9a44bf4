"""The best allowed rows of one expert, without sorting scores that need not be computed."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.interest.expert_protocols import SparseScores
from vireo.interest.expert_scores import ExpertScores
from vireo.recommend.index.base import Index
from vireo.recommend.retrieve.merge import best_of
from vireo.recommend.top_k import top


def best_rows(scores: ExpertScores, index: Index | None, count: int, allowed: Bools) -> Ints:
    """The `count` best allowed rows of one user (b = 1); none if the scores are constant."""
    if not scores.scale[0]:
        return np.zeros(0, dtype=np.int64)
    if scores.sparse is not None:
        return best_of_few(scores.sparse, count, allowed)
    order = scores.handle.order
    if order is not None and scores.user_vectors is not None:
        return first_of(order if scores.user_vectors[0, 0] > 0 else order[::-1], count, allowed)
    if index is not None:
        assert scores.user_vectors is not None
        return index.search(scores.user_vectors[0], count, allowed)
    # Many experts score few videos and all others alike: these need no sorting.
    raw = scores.all_scores[0]
    above = allowed & (raw > np.float32(scores.mean[0]))
    enough = np.count_nonzero(above) >= count
    return best_of(raw, count, above if enough else allowed)


def best_of_few(few: SparseScores, count: int, allowed: Bools) -> Ints:
    """The best rows, best first; those of which nothing was said are at 0, in their own order."""
    own = allowed[few.rows]
    rows, values = few.rows[own], few.values[own]
    above = values > 0
    best = rows[above][top(values[above], count)]
    if len(best) == count:
        return best
    silent = allowed.copy()
    silent[few.rows[few.values != 0]] = False
    below = rows[values < 0][top(values[values < 0], count)]
    return np.concatenate([best, _earliest(count, silent), below])[:count]


def first_of(order: Ints, count: int, allowed: Bools) -> Ints:
    """The first allowed rows of an order."""
    reach = 4 * count
    while True:
        rows = order[:reach][allowed[order[:reach]]]
        if len(rows) >= count or reach >= len(order):
            return rows[:count]
        reach *= 4


def _earliest(count: int, allowed: Bools) -> Ints:
    """The first allowed rows of the catalogue."""
    reach = 4 * count
    while True:
        rows = np.flatnonzero(allowed[:reach])
        if len(rows) >= count or reach >= len(allowed):
            return rows[:count]
        reach *= 4
