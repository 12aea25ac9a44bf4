"""Temporal pooling `max`: the maximum of each dimension, for content of a single frame."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Floats


def pool(vectors: Floats, times: Floats) -> Floats:
    """(n, d), (n,) -> (d,), invariant to the order of the frames; zeros for no frame."""
    return vectors.max(axis=0) if len(vectors) else np.zeros(vectors.shape[1], np.float32)
