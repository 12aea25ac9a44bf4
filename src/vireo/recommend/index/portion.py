"""A portion of the rows in an index of its own, for questions that allow no others.

Probing an inverted file for a quarter of its rows means looking through all of its lists, and past
three rows for each that counts; a small index of the quarter alone costs a quarter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vireo.arrays import Bools, Floats, Ints
from vireo.recommend.index.base import Index
from vireo.recommend.index.files import PARTS, flat, found
from vireo.recommend.index.stored import FEW, Stored
from vireo.recommend.top import top

MOST = 0.5
"""Of a greater share than this, the whole index is asked."""


@dataclass(frozen=True)
class Portion:
    """Some of the first rows of a stored index, narrowed as there."""

    stored: Stored
    rows: Ints
    """(m,) rising."""
    main: Any
    """The faiss index over them: all are compared."""

    def search(self, towards: Floats, count: int, allowed: Bools) -> Ints:
        """As `Stored.search`, where `allowed` (n,) lets through none but these rows and those that
        came after the plan was made."""
        plan, vectors = self.stored.plan, self.stored.vectors
        mask = allowed[self.rows]
        left = int(np.count_nonzero(mask))
        if left <= FEW:
            some = self.rows[mask]
        else:
            asked = towards @ plan.basis if plan.narrowed else towards
            more = min(len(mask), -(-plan.over * count * len(mask) // left))
            places = found(self.main, asked[None], more, PARTS)[1][0]
            places = places[places >= 0]
            some = np.sort(self.rows[places[mask[places]]])
        rows = np.concatenate([some, plan.count + np.flatnonzero(allowed[plan.count :])])
        return np.asarray(rows[top(vectors[rows] @ towards, count)])


def portion_of(index: Index | None, wanted: Bools) -> Portion | None:
    """The rows that are `wanted` (n,), apart; None where that is not worth it, or not exact.

    It is kept with the plan, and serves as long as what is wanted only becomes less.
    """
    if not isinstance(index, Stored) or len(index.gone):
        return None
    plan = index.plan
    if plan.exact and not plan.narrowed:  # every row is compared there, and proven
        return None
    there = wanted[: plan.count]
    with plan.lock:
        kept = plan.made.get("portion")
        if kept is None or np.count_nonzero(there) > np.count_nonzero(there[kept[0]]):
            rows = np.flatnonzero(there)
            if not FEW < len(rows) <= MOST * plan.count:
                return None
            own = index.vectors[rows]
            kept = plan.made["portion"] = (rows, flat(own @ plan.basis if plan.narrowed else own))
    return Portion(index, *kept)
