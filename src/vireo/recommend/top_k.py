"""The rows of the highest of many values, without sorting them all."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Bools, Floats, Ints


def top(values: Floats, count: int) -> Ints:
    """Rows of the `count` highest values, highest first; ties in the catalogue's order."""
    if count <= 0:
        return np.zeros(0, dtype=np.int64)
    rows = _sampled(values, count)
    if len(rows) < count:
        rows = np.arange(len(values))
    if len(rows) > count:
        some = values[rows]
        floor = np.partition(some, len(some) - count)[len(some) - count]
        rows = rows[_first(some, floor, count)]
    return rows[np.argsort(-values[rows], kind="stable")]


def _sampled(values: Floats, count: int) -> Ints:
    """Rows with all of the highest, rising: a sample tells where to cut. None where it cannot.

    Many experts know a few videos and say the same of all others: of those that are equal where
    it is cut, no more are taken than are needed.
    """
    stride = len(values) // (8 * count)
    if stride < 2:
        return np.zeros(0, dtype=np.int64)
    sample = values[::stride]
    place = len(sample) - min(len(sample), 2 * count // stride + 8)
    floor = np.partition(sample, place)[place]
    above = np.flatnonzero(values > floor)
    return above if len(above) >= count else np.flatnonzero(_first(values, floor, count))


def _first(values: Floats, floor: float, count: int) -> Bools:
    """True for all above the floor, and for the first that reach it, `count` in all. (n,)"""
    chosen = np.asarray(values > floor)
    equal = np.flatnonzero(values == floor)
    chosen[equal[: count - np.count_nonzero(chosen)]] = True
    return chosen
