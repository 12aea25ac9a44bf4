"""Calibration: topics in the shares of the user's history (Steck, RecSys 2018).

With p the shares of topics in the history and q those of the list, the list is chosen greedily
for (1 - c) * score - c * KL(p | q), where q is mixed with a little of p so that it is finite.
"""

from __future__ import annotations

import numpy as np

from vireo.arrays import Doubles, Ints
from vireo.behavior.base import History
from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext

MIXED = 0.01
"""Steck's alpha: how much of p is mixed into q."""
POOL = 10
"""The first POOL * k candidates are chosen from."""


class Calibration:
    """Reorders; `calibration` is c."""

    def __init__(self, context: StepContext) -> None:
        self._strength = context.section.calibration
        self._topic_of = context.catalogue.topic_of
        self._n = int(self._topic_of.max(initial=-1)) + 2  # the last one: no topic
        self.enabled = self._strength > 0

    def __call__(self, query: Query, slate: Slate) -> Slate:
        pool = min(len(slate), POOL * query.k)
        if self._strength <= 0 or not query.known or pool < 2:
            return slate
        target = topic_shares(query.history, self._topic_of, self._n)
        topics = self._topic_of[slate.videos[:pool]] % self._n
        # The order may be another rule's work: the scores go with the places.
        scores = np.sort(slate.scores[:pool])[::-1].astype(np.float64)
        order = calibrated(scores, topics, target, min(query.k, pool), self._strength)
        # Which videos come is Steck's choice; the best of them still come first.
        return slate.move_to_front(np.sort(order))


def topic_shares(history: History, topic_of: Ints, n: int) -> Doubles:
    """Weighted share of each topic in the positives. -> (n,), the last one for no topic"""
    liked = history.positives
    sums = np.bincount(topic_of[liked.videos] % n, weights=liked.weights, minlength=n)
    total = sums.sum()
    return np.asarray(sums / total if total > 0 else sums, dtype=np.float64)


def calibrated(scores: Doubles, topics: Ints, target: Doubles, count: int, c: float) -> Ints:
    """Greedy choice. scores, topics (m,), target (t,) -> (count,) places, best first.

    Scores are scaled to [0, 1], so that `c` means the same on every list. Candidates of one topic
    change q equally, so only the best candidate left of each topic is compared: t sums, not m.
    """
    span = float(scores.max() - scores.min())
    worth = (scores - scores.min()) / span if span > 0 else np.ones_like(scores)
    queues = _queues(worth, topics)
    kinds = np.array(sorted(queues), dtype=np.int64)
    heads = np.array([(1 - c) * worth[queues[kind][-1]] for kind in kinds.tolist()])
    held = np.flatnonzero(target > 0)
    terms = c * _terms(target[held], count)
    at = np.searchsorted(kinds, held)
    at[at == len(kinds)] = 0
    able = kinds[at] == held  # topics of the target that have candidates
    row_of = dict(zip(held.tolist(), range(len(held)), strict=True))
    places, rows = at[able], np.flatnonzero(able)
    now = np.zeros(len(held), dtype=np.int64)
    every = np.arange(len(held))
    order = np.empty(count, dtype=np.int64)
    for place in range(count):
        today = terms[every, now, place]
        gain = heads.copy()
        gain[places] -= terms[rows, now[rows] + 1, place] - today[rows]
        best = int((gain - today.sum()).argmax())
        kind = int(kinds[best])
        queue = queues[kind]
        order[place] = queue.pop()
        if kind in row_of:
            now[row_of[kind]] += 1
        heads[best] = (1 - c) * worth[queue[-1]] if queue else -np.inf
    return order


def _queues(worth: Doubles, topics: Ints) -> dict[int, list[int]]:
    """Topic -> its places, the best last."""
    queues: dict[int, list[int]] = {}
    kinds = topics.tolist()
    for place in np.argsort(-worth, kind="stable")[::-1].tolist():
        queues.setdefault(kinds[place], []).append(place)
    return queues


def _terms(p: Doubles, count: int) -> Doubles:
    """Terms of KL(p | q) by topic, for 0, 1, ... of the first 1, 2, ... videos.

    p (t,) -> (t, count + 1, count)
    """
    shares = np.arange(count + 1)[:, None] / np.arange(1, count + 1)
    mine = p[:, None, None]
    return np.asarray(mine * np.log(mine / ((1 - MIXED) * shares + MIXED * mine)))
