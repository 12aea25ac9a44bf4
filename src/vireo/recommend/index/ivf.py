"""An inverted file of faiss: only the lists nearest to the query are looked through.

The file itself never changes and is shared; rows that are added later stand in a tail that is
compared as a whole, deleted ones are left out by a mask. The next build takes both in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vireo.arrays import Bools, Floats, Ints
from vireo.recommend.index.plan import Plan
from vireo.recommend.top import top

FEW = 2000
"""So few allowed rows are compared one and all: probing would miss most of them."""


@dataclass(frozen=True)
class Ivf:
    """A plan, the index that it gave, and what came since."""

    plan: Plan
    main: Any
    """The faiss index over the first rows of `vectors`."""
    vectors: Floats
    """(n, d) all of them."""
    gone: Ints
    """Deleted rows."""

    @classmethod
    def of(cls, plan: Plan, vectors: Floats) -> Ivf:
        """Over vectors (n, d) whose first rows are those that the plan was made of."""
        with plan.lock:
            if "main" not in plan.made:
                plan.made["main"] = inverted(plan.centroids, plan.lists, vectors)
        return cls(plan, plan.made["main"], vectors, np.zeros(0, dtype=np.int64))

    @property
    def recall(self) -> float:
        return self.plan.recall

    def search(self, towards: Floats, count: int, allowed: Bools | None = None) -> Ints:
        n = len(self.plan.lists)
        mask = np.ones(len(self.vectors), dtype=np.bool_) if allowed is None else allowed.copy()
        mask[self.gone] = False
        left = int(np.count_nonzero(mask[:n]))
        found = np.flatnonzero(mask) if left <= FEW else self._probed(towards, count, mask, left)
        return np.asarray(found[top(self.vectors[found] @ towards, count)])

    def _probed(self, towards: Floats, count: int, mask: Bools, left: int) -> Ints:
        """The best rows of the file, and all of the tail; rising. (m,)"""
        n, lists = len(self.plan.lists), len(self.plan.centroids)
        # Where a filter lets a tenth through, ten times as many lists hold as many candidates.
        probes = min(lists, -(-self.plan.probes * n // left))
        rows = searched(self.main, towards[None], count, probes, mask[:n] if left < n else None)[0]
        tail = n + np.flatnonzero(mask[n:])
        return np.sort(np.concatenate([rows[rows >= 0], tail]))

    def add(self, vectors: Floats) -> Ivf:
        return replace(self, vectors=np.vstack([self.vectors, vectors]))

    def delete(self, rows: Ints) -> Ivf:
        return replace(self, gone=np.union1d(self.gone, rows))


def inverted(centroids: Floats, lists: Ints, vectors: Floats) -> Any:
    """A faiss index over the first len(lists) vectors, each in the list that is given."""
    import faiss

    width = vectors.shape[1]
    coarse = faiss.IndexFlatIP(width)
    coarse.add(np.ascontiguousarray(centroids))
    index = faiss.IndexIVFFlat(coarse, width, len(centroids), faiss.METRIC_INNER_PRODUCT)
    index.is_trained = True
    rows = np.ascontiguousarray(vectors[: len(lists)], dtype=np.float32)
    given = np.ascontiguousarray(lists, dtype=np.int64)
    index.add_core(len(rows), faiss.swig_ptr(rows), None, faiss.swig_ptr(given))
    index.parallel_mode = 1  # the lists of one query are shared out among the threads
    return index


def searched(index: Any, queries: Floats, count: int, probes: int, allowed: Bools | None) -> Ints:
    """The best rows of every query (b, d); -1 where too few were found. -> (b, count)"""
    import faiss

    asked = np.ascontiguousarray(queries, dtype=np.float32)
    if allowed is None:
        chosen = faiss.SearchParametersIVF(nprobe=probes)
        return np.asarray(index.search(asked, count, params=chosen)[1])
    bits = np.packbits(allowed, bitorder="little")
    selector = faiss.IDSelectorBitmap(bits)
    chosen = faiss.SearchParametersIVF(sel=selector, nprobe=probes)
    return np.asarray(index.search(asked, count, params=chosen)[1])
