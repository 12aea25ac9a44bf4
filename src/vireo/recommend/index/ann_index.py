"""AnnIndex: a shared faiss index in half precision, with added and deleted rows.

The faiss index never changes: rows added after the build are compared exhaustively, deleted rows
are masked, until the next build.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vireo.arrays import Bools, Floats, Ints
from vireo.recommend.index.faiss_index import PARTS, flat, found, inverted
from vireo.recommend.index.spec import IndexSpec
from vireo.recommend.top_k import top

FEW = 2000
"""Up to this many allowed rows are compared exhaustively: probing would miss most of them."""
MANY = 0.2
"""Share of allowed rows from which the filter is applied after the search."""
_HALF = 2.0**-11
"""Largest relative error of a number in half precision."""
_TINY = 2.0**-25
"""Its largest error near zero."""
_TRIES = 3


def build_index(plan: IndexSpec, lists: Ints, vectors: Floats) -> Any:
    """The faiss index of a spec over vectors (m, d), each in its list (m,)."""
    held = plan.project(vectors)
    return flat(held) if plan.exact else inverted(plan.centroids, lists, held)


@dataclass(frozen=True)
class AnnIndex:
    """A plan, the index that it gave, and what came since."""

    plan: IndexSpec
    main: Any
    """The faiss index over the first rows of `vectors`."""
    vectors: Floats
    """(n, d) all of them."""
    longest: float
    """Length of the longest vector in the index."""
    deleted: Ints
    """Deleted rows."""

    @classmethod
    def of(cls, plan: IndexSpec, vectors: Floats) -> AnnIndex:
        """Over vectors (n, d) whose first rows are those that the plan was made of."""
        own = vectors[: plan.count]
        with plan.lock:
            if "main" not in plan.made:
                plan.made["main"] = build_index(plan, plan.lists, own)
            if "longest" not in plan.made:
                plan.made["longest"] = float(np.sqrt(np.einsum("nd,nd->n", own, own).max()))
        empty = np.zeros(0, dtype=np.int64)
        return cls(plan, plan.made["main"], vectors, plan.made["longest"], empty)

    @property
    def recall(self) -> float:
        return self.plan.recall

    def search(self, towards: Floats, count: int, allowed: Bools | None = None) -> Ints:
        n = self.plan.count
        mask = np.ones(len(self.vectors), dtype=np.bool_) if allowed is None else allowed
        if len(self.deleted):
            mask = mask.copy()
            mask[self.deleted] = False
        left = int(np.count_nonzero(mask[:n]))
        if left <= FEW:
            rows = np.flatnonzero(mask)
        else:
            some = self._way()(towards, min(count, left), mask[:n], left)
            rows = np.concatenate([np.sort(some), n + np.flatnonzero(mask[n:])])
        return np.asarray(rows[top(self.vectors[rows] @ towards, count)])

    def _way(self) -> Callable[[Floats, int, Bools, int], Ints]:
        if not self.plan.exact:
            return self._probed
        return self._narrowed if self.plan.narrowed else self._compared

    def _narrowed(self, towards: Floats, count: int, mask: Bools, left: int) -> Ints:
        """The best in few directions, enough of them to hold the best in all."""
        n = len(mask)
        filtered = left < MANY * n
        more = self.plan.over * count
        more = min(more, left) if filtered else min(-(-more * n // left), n)
        query = self.plan.project(towards)[None]
        _, rows = found(self.main, query, more, PARTS, mask if filtered else None)
        there = rows[0][rows[0] >= 0]
        return np.asarray(there[mask[there]])

    def _probed(self, towards: Floats, count: int, mask: Bools, left: int) -> Ints:
        # Where a filter lets a tenth through, ten times as many lists hold as many candidates.
        n, lists = self.plan.count, len(self.plan.centroids)
        probes = min(lists, -(-self.plan.probes * n // left))
        query = self.plan.project(towards)[None]
        more = min(self.plan.over * count, left)
        _, rows = found(self.main, query, more, probes, mask if left < n else None)
        return np.asarray(rows[0][rows[0] >= 0])

    def _compared(self, towards: Floats, count: int, mask: Bools, left: int) -> Ints:
        """All that can be among the best: more are taken until the rest is proven to be worse."""
        width, n = len(towards), len(mask)
        error = self.longest * (_HALF + width * 2.0**-23) + np.sqrt(width) * _TINY
        doubt = float(np.linalg.norm(towards)) * error
        # A test per row costs more than rows that are found in vain, where many are allowed.
        filtered = left < MANY * n
        more = count + max(32, count // 4)
        more = more if filtered else -(-more * n // left)
        for _ in range(_TRIES):
            asked = min(more, left if filtered else n)
            scores, rows = found(self.main, towards[None], asked, PARTS, mask if filtered else None)
            some = rows[0][mask[rows[0]]]
            exact = np.sort(self.vectors[some] @ towards)
            worst = exact[-count] if len(exact) >= count else -np.inf
            if worst > float(scores[0, -1]) + doubt or len(some) == left:
                return np.asarray(some)
            more *= 4
        return np.flatnonzero(mask)

    def add(self, vectors: Floats) -> AnnIndex:
        return replace(self, vectors=np.vstack([self.vectors, vectors]))

    def delete(self, rows: Ints) -> AnnIndex:
        return replace(self, deleted=np.union1d(self.deleted, rows))
