"""Ranked lists and targets -> one value per user and metric.

Definitions, with hits among the first k of a list and T targets: HR = any hit; recall = hits / T;
precision = hits / k; MRR = 1 / place of the first hit; NDCG = sum of 1 / log2(place + 1) over the
hits, divided by its largest value for min(k, T) targets (Jarvelin and Kekalainen 2002);
MAP = mean precision at the places of the hits, divided by min(k, T).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vireo.arrays import Bools, Doubles, Ints

NAMES = ("HR", "NDCG", "Recall", "Precision", "MRR", "MAP")


def per_user(ranked: Ints, targets: Sequence[Ints], k: int) -> dict[str, Doubles]:
    """Every metric of NAMES at k, one value per user. NaN for a user without targets.

    `ranked` (u, m) holds rows of videos, best first, without repeats; -1 fills up short lists (a
    miss). Lists shorter than k are judged as if misses followed.
    """
    hits = _hits(ranked[:, :k], targets)
    wanted = np.array([len(np.unique(rows)) for rows in targets], dtype=np.float64)
    found = hits.sum(axis=1).astype(np.float64)
    places = np.arange(1, hits.shape[1] + 1)
    reachable = np.minimum(wanted, k)
    best = np.cumsum(1.0 / np.log2(np.arange(2, k + 2)))
    ideal = best[np.maximum(reachable.astype(np.int64), 1) - 1]
    precision_at = np.cumsum(hits, axis=1) / places
    values = {
        "HR": (found > 0).astype(np.float64),
        "NDCG": (hits / np.log2(places + 1)).sum(axis=1) / ideal,
        "Recall": found / np.maximum(wanted, 1),
        "Precision": found / k,
        "MRR": (hits / places).max(axis=1, initial=0.0),
        "MAP": (hits * precision_at).sum(axis=1) / np.maximum(reachable, 1),
    }
    return {name: np.where(wanted > 0, value, np.nan) for name, value in values.items()}


def coverage(ranked: Ints, n_videos: int, k: int) -> float:
    """Share of the catalogue that stands among the first k of anybody's list."""
    shown = np.unique(ranked[:, :k])
    return float((shown >= 0).sum() / n_videos) if n_videos else 0.0


def _hits(ranked: Ints, targets: Sequence[Ints]) -> Bools:
    hits = np.zeros(ranked.shape, dtype=np.bool_)
    for row, wanted in enumerate(targets):
        hits[row] = np.isin(ranked[row], wanted) & (ranked[row] >= 0)
    return hits
