"""An index over some rows, for searches whose filter allows no others.

An inverted file that is filtered to a quarter of its rows needs nearly all of its lists probed;
an index over that quarter costs a quarter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vireo.arrays import Bools, Floats, Ints
from vireo.recommend.index.ann_index import FEW, AnnIndex, build_index
from vireo.recommend.index.base import Index
from vireo.recommend.index.faiss_index import PARTS, found
from vireo.recommend.top_k import top

MAX_SHARE = 0.5
"""Largest share of the rows for which a subset index pays."""
WIDER = 2
"""Factor on the probes: the best rows of a subset are farther from the query."""


@dataclass(frozen=True)
class SubsetIndex:
    """Some of the first rows of a stored index, narrowed as there."""

    stored: AnnIndex
    rows: Ints
    """(m,) rising."""
    main: Any
    """The faiss index over them; where the plan has no lists, all are compared."""

    def search(self, towards: Floats, count: int, allowed: Bools) -> Ints:
        """The `count` best rows in no order, where `allowed` (n,) lets through none but these rows
        and those that came after the plan was made.

        Of projected vectors these are the best in few dimensions: callers rescore them in full
        width; rescoring four times as many first would take longer than the rest.
        """
        plan, vectors = self.stored.plan, self.stored.vectors
        later = plan.count + np.flatnonzero(allowed[plan.count :])
        if len(later) > count:
            later = later[top(vectors[later] @ towards, count)]
        mask = allowed[self.rows]
        left = int(np.count_nonzero(mask))
        if left <= FEW:
            some = self.rows[mask]
            some = some[top(vectors[some] @ towards, count)]
        else:
            more = min(len(mask), -(-count * len(mask) // left))
            probes = PARTS if plan.exact else min(WIDER * plan.probes, len(plan.centroids))
            places = found(self.main, plan.project(towards)[None], more, probes)[1][0]
            places = places[places >= 0]
            some = self.rows[places[mask[places]]]
        return np.concatenate([some, later])


def portion_of(index: Index | None, allowed: Bools) -> SubsetIndex | None:
    """A separate index of the `allowed` rows (n,); None if it would not pay, or not be exact.

    It is kept with the plan while the allowed rows only become fewer.
    """
    if not isinstance(index, AnnIndex) or len(index.deleted):
        return None
    plan = index.plan
    if plan.exact and not plan.narrowed:  # every row is compared there, and proven
        return None
    there = allowed[: plan.count]
    with plan.lock:
        kept = plan.made.get("portion")
        if kept is None or np.count_nonzero(there) > np.count_nonzero(there[kept[0]]):
            rows = np.flatnonzero(there)
            if not FEW < len(rows) <= MAX_SHARE * plan.count:
                return None
            lists = plan.lists if plan.exact else plan.lists[rows]
            kept = plan.made["portion"] = (rows, build_index(plan, lists, index.vectors[rows]))
    return SubsetIndex(index, *kept)
