"""Ranking metrics: one value per user and metric.

Definitions, with hits among the first k of a list and T targets: hit_rate = any hit; recall =
hits / T; precision = hits / k; mrr = 1 / place of the first hit; ndcg = sum of 1 / log2(place + 1)
over the hits, divided by its largest value for min(k, T) targets (Jarvelin and Kekalainen 2002);
map = sum of the precisions at the places of the hits, divided by min(k, T).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vireo.arrays import Bools, Doubles, Ints

NAMES = ("hit_rate", "ndcg", "recall", "precision", "mrr", "map")


def per_user(ranked: Ints, targets: Sequence[Ints], k: int) -> dict[str, Doubles]:
    """Every metric of NAMES at k, one value per user. NaN for a user without targets.

    `ranked` (u, m) holds rows of videos, best first, without repeats; -1 fills up short lists (a
    miss). Lists shorter than k are judged as if misses followed.
    """
    hits, relevant = _hits(ranked[:, :k], targets)
    found = hits.sum(axis=1).astype(np.float64)
    places = np.arange(1, hits.shape[1] + 1)
    reachable = np.minimum(relevant, k)
    best = np.cumsum(1.0 / np.log2(np.arange(2, k + 2)))
    ideal = best[np.maximum(reachable.astype(np.int64), 1) - 1]
    precision_at = np.cumsum(hits, axis=1) / places
    values = {
        "hit_rate": (found > 0).astype(np.float64),
        "ndcg": (hits / np.log2(places + 1)).sum(axis=1) / ideal,
        "recall": found / np.maximum(relevant, 1),
        "precision": found / k,
        "mrr": (hits / places).max(axis=1, initial=0.0),
        "map": (hits * precision_at).sum(axis=1) / np.maximum(reachable, 1),
    }
    return {name: np.where(relevant > 0, value, np.nan) for name, value in values.items()}


def _hits(ranked: Ints, targets: Sequence[Ints]) -> tuple[Bools, Doubles]:
    """Which places hold a target (u, m), and the number of distinct targets (u,)."""
    flat = np.concatenate([*targets, np.zeros(0, dtype=np.int64)]).astype(np.int64)
    owner = np.repeat(np.arange(len(targets)), [len(rows) for rows in targets])
    width = 1 + max(int(flat.max(initial=0)), int(ranked.max(initial=0)))
    relevant = np.unique(owner * width + flat)
    asked = np.arange(len(ranked))[:, None] * width + ranked
    hits = np.isin(asked, relevant) & (ranked >= 0)
    counts = np.bincount(relevant // width, minlength=len(targets)).astype(np.float64)
    return hits, counts
