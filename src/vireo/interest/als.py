"""Alternating least squares for implicit feedback (Hu, Koren, Volinsky 2008), with the penalty
scaled by how often a viewer or a video occurs (Rendle, Krichene, Zhang, Koren 2021,
arXiv:2110.14037): who watched much may be described in more detail.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from vireo.arrays import Doubles, Floats, Ints
from vireo.interest.base import AlsSection


def penalty(count: Ints | int, others: int, settings: AlsSection) -> Doubles:
    """The ridge of one who occurs `count` times, where `others` could have been met."""
    occurrences = np.asarray(count + others / settings.confidence, dtype=np.float64)
    return np.asarray(settings.regularization * occurrences**settings.frequency_scaling)


def alternate(
    observed: sparse.csr_matrix, settings: AlsSection, seed: int, tick: Callable[[], object]
) -> Floats:
    """(users, videos), anything where a video was wanted -> the videos' factors (videos, d).

    Rows of videos that nobody wanted are zeros.
    """
    users, videos = observed.shape
    by_video = observed.T.tocsr()
    counts = np.diff(by_video.indptr)
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(videos, settings.embedding_size)).astype(np.float32)
    factors *= np.float32(0.1 / np.sqrt(settings.embedding_size))
    factors[counts == 0] = 0.0  # they are no part of what could have been met
    for _ in range(settings.iterations):
        own = solved(observed, factors, int((counts > 0).sum()), settings)
        factors = solved(by_video, own, users, settings)
        tick()
    return factors


def solved(
    observed: sparse.csr_matrix, factors: Floats, others: int, settings: AlsSection
) -> Floats:
    """(m, n) and the factors of the columns (n, d) -> those of the rows (m, d)."""
    found = np.zeros((observed.shape[0], factors.shape[1]), dtype=np.float32)
    base = factors.T @ factors
    ridges = penalty(np.diff(observed.indptr), others, settings)
    weight = np.float32(settings.confidence)
    for row, (start, end) in enumerate(zip(observed.indptr, observed.indptr[1:], strict=False)):
        if start == end:
            continue
        seen = factors[observed.indices[start:end]]
        normal = base + (weight - 1) * (seen.T @ seen)
        normal[np.diag_indices_from(normal)] += ridges[row]
        found[row] = np.linalg.solve(normal, weight * seen.sum(axis=0))
    return found
