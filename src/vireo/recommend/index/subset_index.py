"""A portion of the rows in an index of its own, for questions that allow no others.

Probing an inverted file for a quarter of its rows means looking through nearly all of its lists,
and past three rows for each that counts; an index of the quarter alone costs a quarter, and less
where the lists are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vireo.arrays import Bools, Floats, Ints
from vireo.recommend.index.ann_index import FEW, AnnIndex
from vireo.recommend.index.base import Index
from vireo.recommend.index.faiss_index import PARTS, flat, found, inverted
from vireo.recommend.index.spec import IndexSpec
from vireo.recommend.top_k import top

MOST = 0.5
"""Of a greater share than this, the whole index is asked."""
WIDER = 2
"""Times as many lists are looked through as for the best of all rows: the best of a portion lie
farther from the question."""


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
            asked = towards @ plan.basis if plan.narrowed else towards
            more = min(len(mask), -(-count * len(mask) // left))
            probes = PARTS if plan.exact else min(WIDER * plan.probes, len(plan.centroids))
            places = found(self.main, asked[None], more, probes)[1][0]
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
            if not FEW < len(rows) <= MOST * plan.count:
                return None
            kept = plan.made["portion"] = (rows, _made(plan, rows, index.vectors[rows]))
    return SubsetIndex(index, *kept)


def _made(plan: IndexSpec, rows: Ints, own: Floats) -> Any:
    """The faiss index over these rows (m, d) of a plan, narrowed and in lists as there."""
    held = own @ plan.basis if plan.narrowed else own
    return flat(held) if plan.exact else inverted(plan.centroids, plan.lists[rows], held)
