"""Temporal pooling `motion`: the mean absolute difference of consecutive frames."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Floats


def pool(vectors: Floats, times: Floats) -> Floats:
    """(n, d), (n,) -> (d,); zeros for fewer than two frames."""
    if len(vectors) < 2:
        return np.zeros(vectors.shape[1], np.float32)
    in_order = vectors[np.argsort(times, kind="stable")]
    steps: Floats = np.abs(np.diff(in_order, axis=0)).mean(axis=0)
    return steps
