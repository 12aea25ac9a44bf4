"""Rows of the highest scores: of one column, and of one expert's scores of a user."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vireo.arrays import Bools, Floats, Ints
from vireo.interest.expert_protocols import SparseScores
from vireo.interest.expert_scores import ExpertScores
from vireo.recommend.index.base import Index


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
    # Many experts score few videos and give all others one value: these need no sorting.
    raw = scores.all_scores[0]
    above = allowed & (raw > np.float32(scores.mean[0]))
    enough = np.count_nonzero(above) >= count
    return best_of(raw, count, above if enough else allowed)


def best_of_few(few: SparseScores, count: int, allowed: Bools) -> Ints:
    """The best rows, best first; rows without a score count 0, in catalogue order."""
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


def best_of_each(columns: Mapping[str, Floats], count: int, allowed: Bools) -> list[Ints]:
    """The `count` best rows of every column (n,) among the allowed ones (n,), best first."""
    return [best_of(values, count, allowed) for values in columns.values()]


def best_of(scores: Floats, count: int, allowed: Bools) -> Ints:
    """The allowed rows of the highest scores (n,), best first; ties in the catalogue's order."""
    rows = np.flatnonzero(allowed)
    return np.asarray(rows[top(scores[rows], count)])


def top(values: Floats, count: int) -> Ints:
    """Rows of the `count` highest values, highest first; ties in the catalogue's order."""
    if count <= 0:
        return np.zeros(0, dtype=np.int64)
    rows = _sampled(values, count)
    if len(rows) < count:
        rows = np.arange(len(values))
    if len(rows) > count:
        some = values[rows]
        floor = np.partition(some, len(some) - count)[len(some) - count]
        rows = rows[_first(some, floor, count)]
    return rows[np.argsort(-values[rows], kind="stable")]


def _sampled(values: Floats, count: int) -> Ints:
    """Rows that include the highest, ascending, by a threshold from a sample; empty if too small.

    Many experts give most videos one value: of ties at the threshold, only the first are taken.
    """
    stride = len(values) // (8 * count)
    if stride < 2:
        return np.zeros(0, dtype=np.int64)
    sample = values[::stride]
    place = len(sample) - min(len(sample), 2 * count // stride + 8)
    floor = np.partition(sample, place)[place]
    above = np.flatnonzero(values > floor)
    return above if len(above) >= count else np.flatnonzero(_first(values, floor, count))


def _first(values: Floats, floor: float, count: int) -> Bools:
    """True for all above the floor, and for the first that reach it, `count` in all. (n,)"""
    chosen = np.asarray(values > floor)
    equal = np.flatnonzero(values == floor)
    chosen[equal[: count - np.count_nonzero(chosen)]] = True
    return chosen
