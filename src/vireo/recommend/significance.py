"""Significance test that adopts the learned ranker and the text preference model."""

from __future__ import annotations

from typing import Any

import numpy as np

from vireo.arrays import Doubles


def significance_test(before: Doubles, after: Doubles, names: tuple[str, str]) -> dict[str, Any]:
    """Paired test of NDCG@10 per user (b,); `adopted` if the 95% interval is above 0.

    `names` label the two means in the report.
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
