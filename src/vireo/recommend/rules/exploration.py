"""Exploration: a stated share of the list is drawn at random, so that tastes can be found out."""

from __future__ import annotations

import numpy as np

from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext
from vireo.recommend.seeded_random import rounded, seeded_uniform


class Exploration:
    """`explore_share` of the places, never the first, go to candidates from further down.

    The session seeds the draw: the same session gets the same list, its next page others. Over
    many lists the share is exact, because what does not divide is rounded by chance, too.
    """

    def __init__(self, context: StepContext) -> None:
        self._share = context.section.exploration_rate
        self.enabled = self._share > 0

    def __call__(self, query: Query, slate: Slate) -> Slate:
        k = min(query.k, len(slate))
        if self._share <= 0 or k < 2 or len(slate) <= k:
            return slate
        random = seeded_uniform("explore", query)
        count = min(rounded(self._share * k, random), k - 1, len(slate) - k)
        places = np.sort(1 + random.permutation(k - 1)[:count])
        drawn = k + random.permutation(len(slate) - k)[:count]
        order = np.empty(k, dtype=np.int64)
        order[places] = drawn
        kept = np.ones(k, dtype=np.bool_)
        kept[places] = False
        order[kept] = np.arange(k - len(places))
        return slate.move_to_front(order).marking("exploration", slate.videos[drawn])
