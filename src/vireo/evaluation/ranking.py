"""Ranked lists from scores of the whole catalog, seen videos masked, in blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from vireo.arrays import Bools, Floats, Ints
from vireo.interest.base import Batch

MAX_CELLS = 8_000_000
"""Scores in memory at once, per array."""
Scorer = Callable[[Batch], Floats]
"""Viewers -> (b, n) scores."""


def blocks(users: int, n_videos: int) -> list[slice]:
    """Consecutive users, few enough that their scores of all videos fit in memory."""
    size = max(1, min(512, MAX_CELLS // max(n_videos, 1)))
    return [slice(start, min(start + size, users)) for start in range(0, users, size)]


def rank(
    scores: Floats,
    masked: Sequence[Ints],
    targets: Sequence[Ints],
    k: int,
    among: Bools | None = None,
) -> Ints:
    """The k best videos of every viewer that are not masked, -1 where there are fewer.

    (b, n) -> (b, k); `among` (n,) limits the candidates. Ties are broken against the system: a
    target stands behind all others of the same score, so equal scores earn nothing; among others
    the earlier row of the catalogue comes first. What has no finite score is not listed.
    """
    costs = np.negative(scores, dtype=np.float32)
    costs[np.isnan(costs)] = np.inf
    relevant = np.zeros(costs.shape, dtype=np.bool_)
    if among is not None:
        costs[:, ~among] = np.inf
    for row, videos in enumerate(masked):
        costs[row, videos] = np.inf
        relevant[row, targets[row]] = True
    lists = np.full((len(costs), k), -1, dtype=np.int64)
    short = min(k, costs.shape[1])
    if short == 0 or not len(costs):
        return lists
    threshold = np.partition(costs, short - 1, axis=1)[:, short - 1]
    for row, values in enumerate(costs):
        found = np.flatnonzero((values <= threshold[row]) & (values < np.inf))
        best = found[np.lexsort((relevant[row, found], values[found]))[:short]]
        lists[row, : len(best)] = best
    return lists
