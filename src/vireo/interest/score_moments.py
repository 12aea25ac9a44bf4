"""Mean and variance of the dot products of a user vector with all item vectors.

From the sum s of the item vectors and the sum C of their outer products, the dot products with q
have mean q.s / n and second moment q.C.q / n, so no score has to be computed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import blas

from vireo.arrays import Doubles, Floats

_BLOCK = 16_384


@dataclass(frozen=True)
class Moments:
    """Count, sum and sum of outer products of a set of vectors."""

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

    def quadratic(self, user_vectors: Doubles) -> Doubles:
        """(b, d) -> (b,) sum of the squared dot products of each user vector with all rows."""
        if len(user_vectors) == 1:
            return np.array([quadratic(self.squares, user_vectors[0])])
        squares: Doubles = np.einsum("ij,ij->i", user_vectors @ self.squares, user_vectors)
        return squares


def quadratic(symmetric: Doubles | Floats, vector: Doubles | Floats) -> float:
    """v' S v; only half of S is read, which is too large to stay in the processor's cache."""
    symv = blas.dsymv if symmetric.dtype == np.float64 else blas.ssymv
    return float(symv(1.0, symmetric.T, vector) @ vector)  # transposed, it needs no copy
