"""Significance test of trained parts: used only with a 95% significant gain on held-out users.

Both things that a build learns of lists, the order of candidates and the map of tastes, are judged
by this.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vireo.arrays import Doubles


def significance_test(before: Doubles, after: Doubles, names: tuple[str, str]) -> dict[str, Any]:
    """NDCG@10 per viewer, twice (b,) -> the report; `adopted`: the whole 95% interval is above 0.

    `names` are those of the two means in the report.
    """
    change = after - before
    error = 1.96 * float(change.std()) / np.sqrt(len(change))
    low, high = float(change.mean()) - error, float(change.mean()) + error
    means = (round(float(before.mean()), 4), round(float(after.mean()), 4))
    return {
        "adopted": bool(low > 0),
        "users": len(change),
        "ndcg@10": dict(zip(names, means, strict=True)),
        "change": [round(low, 4), round(high, 4)],
    }
