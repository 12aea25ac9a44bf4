"""Mean and deviation of all inner products with one vector, without computing any of them.

With the sum s of the rows and the sum C of their outer products, the inner products with q have
the mean q.s / n and the second moment q.C.q / n: a few thousand numbers stand for a million rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import blas

from vireo.arrays import Doubles, Floats

_BLOCK = 16_384


@dataclass(frozen=True)
class Moments:
    """What is known of a set of rows."""

    count: int
    total: Doubles
    """(d,) the sum of the rows."""
    squares: Doubles
    """(d, d) the sum of their outer products."""

    @classmethod
    def of(cls, vectors: Floats) -> Moments:
        """(n, d) rows; summed in double precision, a block at a time."""
        width = vectors.shape[1]
        total, squares = np.zeros(width), np.zeros((width, width))
        for start in range(0, len(vectors), _BLOCK):
            block = vectors[start : start + _BLOCK].astype(np.float64)
            total += block.sum(axis=0)
            squares += block.T @ block
        return cls(len(vectors), total, squares)

    def plus(self, other: Moments, sign: int = 1) -> Moments:
        """Of both sets together; with `sign` -1 of this set without the other."""
        return Moments(
            self.count + sign * other.count,
            self.total + sign * other.total,
            self.squares + sign * other.squares,
        )

    def spread(self, towards: Floats, without: Floats) -> tuple[float, float, float]:
        """Mean, deviation and root mean square of the inner products with `towards` (d,).

        `without` (m, d) are rows of the set that do not count.
        """
        q = towards.astype(np.float64)
        left_out = without.astype(np.float64) @ q
        count = max(self.count - len(left_out), 1)
        mean = float(self.total @ q - left_out.sum()) / count
        second = max(quadratic(self.squares, q) - float(left_out @ left_out), 0.0) / count
        return mean, float(np.sqrt(max(second - mean * mean, 0.0))), float(np.sqrt(second))


def quadratic(symmetric: Doubles | Floats, vector: Doubles | Floats) -> float:
    """v' S v; only half of S is read, which is too large to stay in the processor's cache."""
    symv = blas.dsymv if symmetric.dtype == np.float64 else blas.ssymv
    return float(symv(1.0, symmetric.T, vector) @ vector)  # transposed, it needs no copy
