"""Creator cap: limits the videos of one creator on a list."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Ints
from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext


class CreatorCap:
    """At most `creator_cap` per creator on a list; the rest waits at the end of the candidates.

    Videos without a creator are not counted. If no other candidates are left, the cap is
    exceeded, and the list says so.
    """

    def __init__(self, context: StepContext) -> None:
        self._cap = context.section.creator_cap
        self._creator_of = context.catalogue.creator_of
        self.enabled = self._cap > 0

    def __call__(self, query: Query, slate: Slate) -> Slate:
        if self._cap <= 0 or not len(slate):
            return slate
        within = nth_of_its_kind(self._creator_of[slate.videos]) < self._cap
        capped = slate.move_to_front(np.flatnonzero(within))
        if within.sum() < min(query.k, len(slate)):
            return capped.noting(
                f"There are too few creators for at most {self._cap} videos of each."
            )
        return capped


def nth_of_its_kind(kinds: Ints) -> Ints:
    """How many earlier entries are of the same kind; -1 is no kind and counts 0. (c,) -> (c,)"""
    order = np.argsort(kinds, kind="stable")
    grouped = kinds[order]
    first = np.ones(len(kinds), dtype=np.bool_)
    first[1:] = grouped[1:] != grouped[:-1]
    starts = np.maximum.accumulate(np.where(first, np.arange(len(kinds)), 0))
    counts = np.empty(len(kinds), dtype=np.int64)
    counts[order] = np.arange(len(kinds)) - starts
    return np.where(kinds < 0, 0, counts)
