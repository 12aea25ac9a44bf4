"""The best allowed rows, where the scores of all videos need not be written down to know them."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.interest.sparse_scores import SparseScores
from vireo.recommend.top_k import top


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
