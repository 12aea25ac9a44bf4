"""Array types of signatures, and small functions on rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]


def unit_rows(matrix: Floats) -> Floats:
    """Rows scaled to length 1; rows of zeros stay zeros. (n, d) -> (n, d)."""
    norms = np.linalg.norm(matrix, axis=-1, keepdims=True)
    scaled = matrix / np.where(norms > 0, norms, 1.0)
    return scaled.astype(np.float32, copy=False)  # a large matrix is not copied twice


def distinct(rows: Ints) -> Ints:
    """Distinct rows in rising order; faster than np.unique on a few hundred."""
    rows = np.sort(rows)
    first = np.ones(len(rows), dtype=np.bool_)
    np.not_equal(rows[1:], rows[:-1], out=first[1:])
    return np.asarray(rows[first])


def matched(rows: Ints, rising: Ints) -> tuple[Ints, Ints]:
    """Positions of the rows (m,) that are in `rising` (distinct), and their positions in it."""
    if not len(rising):
        return rising, rising
    place = np.minimum(np.searchsorted(rising, rows), len(rising) - 1)
    there = np.flatnonzero(rising[place] == rows)
    return there, place[there]
