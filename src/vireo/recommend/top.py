"""The rows of the highest of many values, without sorting them all."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Floats, Ints


def top(values: Floats, count: int) -> Ints:
    """Rows of the `count` highest values, highest first; ties in the catalogue's order."""
    if count <= 0:
        return np.zeros(0, dtype=np.int64)
    rows = _hopeful(values, count)
    if count < len(rows):
        some = values[rows]
        floor = np.partition(some, len(some) - count)[len(some) - count]
        rows = rows[some >= floor]
    return rows[np.argsort(-values[rows], kind="stable")][:count]


def _hopeful(values: Floats, count: int) -> Ints:
    """At least `count` rows, with all of the highest: a sample tells where to cut. Rising."""
    stride = len(values) // (8 * count) if count else 0
    if stride < 2:
        return np.arange(len(values))
    sample = values[::stride]
    place = len(sample) - min(len(sample), 2 * count // stride + 8)
    rows = np.flatnonzero(values >= np.partition(sample, place)[place])
    return rows if len(rows) >= count else np.arange(len(values))
