"""Diversity by maximal marginal relevance (MMR)."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Floats, Ints
from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext

NO_SIMILARITY = 0.5
"""Strength for cold-start users: a varied list learns their taste fastest."""
POOL = 5
"""The first POOL * k candidates are reordered."""


class Diversity:
    """MMR (Carbonell and Goldstein 1998) over content vectors; a shared topic counts as 0.5."""

    def __init__(self, context: StepContext) -> None:
        self._strength = context.section.diversity
        self._content = context.catalogue.unit_content
        self._topics = context.catalogue.topic_of

    def __call__(self, query: Query, slate: Slate) -> Slate:
        cold_start = not query.known and not query.text and query.preference_offsets is None
        strength = max(self._strength, NO_SIMILARITY) if cold_start else self._strength
        pool = min(len(slate.videos), POOL * query.k)
        if strength <= 0 or pool < 2:
            return slate
        similarity = self._similarity(slate.videos[:pool])
        order = mmr(slate.scores[:pool], similarity, min(query.k, pool), strength)
        # Cold-start users get variety from the first place on; for others MMR chooses the videos,
        # in order of score: that costs far less accuracy (docs/recommend.md).
        return slate.move_to_front(order if cold_start else np.sort(order))

    def _similarity(self, videos: Ints) -> Floats:
        vectors, topics = self._content[videos], self._topics[videos]
        same_topic = (topics[:, None] == topics[None, :]) & (topics[:, None] >= 0)
        similarity: Floats = np.maximum(vectors @ vectors.T, 0.5 * same_topic).astype(np.float32)
        return similarity


def mmr(scores: Floats, similarity: Floats, count: int, strength: float) -> Ints:
    """Greedy MMR. scores (m,), similarity (m, m) -> (count,) rows, best first.

    Scores are scaled to [0, 1] so that `strength` means the same on every list.
    """
    span = float(scores.max() - scores.min())
    worth = (scores - scores.min()) / span if span > 0 else np.ones_like(scores)
    nearest = np.zeros(len(scores), dtype=np.float32)
    worth = (1 - strength) * worth
    value = np.empty_like(worth)
    order = np.empty(count, dtype=np.int64)
    for place in range(count):
        np.multiply(nearest, strength, out=value)
        np.subtract(worth, value, out=value)
        best = int(value.argmax())
        order[place], worth[best] = best, -np.inf
        np.maximum(nearest, similarity[best], out=nearest)
    return order
