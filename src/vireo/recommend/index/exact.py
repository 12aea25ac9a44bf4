"""Every vector is compared: exact, and fast enough up to some 200,000 videos."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vireo.arrays import Bools, Floats, Ints
from vireo.recommend.top import top


@dataclass(frozen=True)
class Exact:
    """The vectors themselves, and which rows are still there."""

    vectors: Floats
    """(n, d)"""
    gone: Ints
    """Deleted rows."""
    recall: float = 1.0

    @classmethod
    def of(cls, vectors: Floats) -> Exact:
        return cls(vectors, np.zeros(0, dtype=np.int64))

    def search(self, towards: Floats, count: int, allowed: Bools | None = None) -> Ints:
        scores = np.asarray(self.vectors @ towards, dtype=np.float32)
        if allowed is not None:
            scores[~allowed] = -np.inf
        scores[self.gone] = -np.inf
        rows = top(scores, count)
        return np.asarray(rows[scores[rows] > -np.inf])

    def add(self, vectors: Floats) -> Exact:
        return replace(self, vectors=np.vstack([self.vectors, vectors]))

    def delete(self, rows: Ints) -> Exact:
        return replace(self, gone=np.union1d(self.gone, rows))
