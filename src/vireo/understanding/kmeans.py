"""Spherical k-means with k-means++ seeds, in NumPy."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Floats, Ints

_ROUNDS = 50
_TRIES = 4


def spherical_kmeans(vectors: Floats, k: int, seed: int) -> Ints:
    """Groups of unit rows by cosine (Dhillon and Modha 2001), best of four starts.

    (n, d) -> (n,) group numbers from 0, without gaps, larger groups first. Fewer than `k` groups
    come back when fewer than `k` vectors differ.
    """
    if not len(vectors):
        return np.zeros(0, dtype=np.int64)
    best: Ints = np.zeros(len(vectors), dtype=np.int64)
    most = -np.inf
    for attempt in range(_TRIES):
        random = np.random.default_rng([seed, 5, attempt])
        groups, fit = _once(vectors, _seeds(vectors, k, random))
        if fit > most + 1e-6:  # a later start must be really better
            best, most = groups, fit
    return _by_size(best)


def _seeds(vectors: Floats, k: int, random: np.random.Generator) -> Floats:
    """k-means++ (Arthur and Vassilvitskii 2007): far rows are likelier to be drawn."""
    chosen = [int(random.integers(len(vectors)))]
    distance = np.ones(len(vectors))
    while len(chosen) < k:
        fresh = 1.0 - (vectors @ vectors[chosen[-1]]).astype(np.float64)
        distance = np.minimum(distance, np.clip(fresh, 0.0, None)) if len(chosen) > 1 else fresh
        distance[distance < 1e-5] = 0.0
        if distance.sum() <= 0:
            break
        chosen.append(int(random.choice(len(vectors), p=distance / distance.sum())))
    return vectors[chosen]


def _once(vectors: Floats, centers: Floats) -> tuple[Ints, float]:
    groups = np.full(len(vectors), -1, dtype=np.int64)
    fit = 0.0
    for _ in range(_ROUNDS):
        cosines = vectors @ centers.T  # (n, k)
        nearest = cosines.argmax(axis=1).astype(np.int64)
        fit = float(cosines[np.arange(len(vectors)), nearest].sum(dtype=np.float64))
        if np.array_equal(nearest, groups):
            break
        groups = nearest
        for number in range(len(centers)):
            members = vectors[groups == number]
            total = members.sum(axis=0)
            norm = float(np.linalg.norm(total))
            if norm > 0:  # an empty group keeps its center
                centers[number] = total / norm
    return groups, fit


def _by_size(groups: Ints) -> Ints:
    """Renumber: the largest group is 0; ties by first appearance; no empty numbers."""
    numbers, first, sizes = np.unique(groups, return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    new = np.zeros(int(numbers.max()) + 1, dtype=np.int64)
    new[numbers[order]] = np.arange(len(order))
    return new[groups]
