"""Scores of the whole catalogue -> ranked lists, the seen masked, a bounded block at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vireo.arrays import Bools, Floats, Ints

MOST_CELLS = 8_000_000
"""Scores in memory at once, per array."""


def blocks(users: int, n_videos: int) -> list[slice]:
    """Consecutive users, few enough that their scores of all videos fit in memory."""
    size = max(1, min(512, MOST_CELLS // max(n_videos, 1)))
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
    the earlier row of the catalogue comes first. A score that is not a number ranks last.
    """
    scores = np.nan_to_num(scores.astype(np.float32), nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    if among is not None:
        scores[:, ~among] = -np.inf
    for row, videos in enumerate(masked):
        scores[row, videos] = -np.inf
    lists = np.full((len(scores), k), -1, dtype=np.int64)
    short = min(k, scores.shape[1])
    if short == 0 or not len(scores):
        return lists
    threshold = -np.partition(-scores, short - 1, axis=1)[:, short - 1]
    for row, values in enumerate(scores):
        found = np.flatnonzero((values >= threshold[row]) & (values > -np.inf))
        best = found[np.lexsort((np.isin(found, targets[row]), -values[found]))[:short]]
        lists[row, : len(best)] = best
    return lists
