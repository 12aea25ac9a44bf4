"""Frame vectors -> their mean, weighted by how typical each frame is of the film.

Scaled dot-product attention (Vaswani et al., 2017) with the mean frame as the query and nothing
learnt: black pictures, flashes and title cards count less.
"""

from __future__ import annotations

import numpy as np

from vireo.arrays import Floats, unit_rows

SHARPNESS = 5.0
"""How much a frame's cosine with the mean counts; 0 would be the plain mean."""


def pool(vectors: Floats, times: Floats) -> Floats:
    """(n, d), (n,) -> (d,): the same in any order of the frames; zeros for no frame."""
    if len(vectors) == 0:
        return np.zeros(vectors.shape[1], np.float32)
    rows = unit_rows(vectors.astype(np.float32))
    likeness = rows @ unit_rows(rows.mean(axis=0, keepdims=True))[0]
    weights = np.exp(SHARPNESS * (likeness - likeness.max()))
    return np.asarray((weights / weights.sum()) @ vectors, dtype=np.float32)
