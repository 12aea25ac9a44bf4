"""Temporal pooling `attention`: the mean of the frames, weighted by similarity to the mean.

Scaled dot-product attention (Vaswani et al., 2017) with the mean frame as the query and no
learned parameters: black frames, flashes and title cards get small weights.
"""

from __future__ import annotations

import numpy as np

from vireo.arrays import Floats, unit_rows

SHARPNESS = 5.0
"""Factor of the cosine with the mean in the softmax; 0 would be the plain mean."""


def pool(vectors: Floats, times: Floats) -> Floats:
    """(n, d), (n,) -> (d,), invariant to the order of the frames; zeros for no frame."""
    if len(vectors) == 0:
        return np.zeros(vectors.shape[1], np.float32)
    rows = unit_rows(vectors.astype(np.float32))
    similarity = rows @ unit_rows(rows.mean(axis=0, keepdims=True))[0]
    weights = np.exp(SHARPNESS * (similarity - similarity.max()))
    return np.asarray((weights / weights.sum()) @ vectors, dtype=np.float32)
