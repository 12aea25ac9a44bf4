"""Scores of the whole catalogue -> ranked lists, the seen masked, a bounded block at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from vireo.arrays import Floats, Ints
from vireo.behavior.base import History
from vireo.interest.base import Batch

MOST_CELLS = 8_000_000
"""Scores in memory at once, per array."""
Scorer = Callable[[Batch], Floats]
"""Viewers -> (b, n) scores."""


def blocks(users: int, n_videos: int) -> list[slice]:
    """Consecutive users, few enough that their scores of all videos fit in memory."""
    size = max(1, min(512, MOST_CELLS // max(n_videos, 1)))
    return [slice(start, min(start + size, users)) for start in range(0, users, size)]


def rank(scores: Floats, batch: Batch, targets: Sequence[Ints], k: int) -> Ints:
    """The k best unseen videos of every viewer, -1 where there are fewer. (b, n) -> (b, k)

    Ties are broken against the system: a target stands behind all others of the same score, so
    equal scores earn nothing; among others the earlier row of the catalogue comes first.
    """
    scores = scores.astype(np.float32, copy=True)
    for row, history in enumerate(batch.histories):
        scores[row, history.videos] = -np.inf
    lists = np.full((len(scores), k), -1, dtype=np.int64)
    short = min(k, scores.shape[1])
    if short == 0 or not len(scores):
        return lists
    threshold = -np.partition(-scores, short - 1, axis=1)[:, short - 1]
    for row, values in enumerate(scores):
        among = np.flatnonzero((values >= threshold[row]) & (values > -np.inf))
        best = among[np.lexsort((np.isin(among, targets[row]), -values[among]))[:short]]
        lists[row, : len(best)] = best
    return lists


def ranked_lists(
    scorer: Scorer,
    histories: Sequence[History],
    now: int,
    n_videos: int,
    targets: Sequence[Ints],
    k: int,
) -> Ints:
    """Full ranking for all users in blocks. (u, k)"""
    lists = [np.zeros((0, k), dtype=np.int64)]
    for block in blocks(len(histories), n_videos):
        batch = Batch(histories[block], now, n_videos)
        lists.append(rank(scorer(batch), batch, targets[block], k))
    return np.concatenate(lists)
