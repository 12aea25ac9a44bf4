"""The most popular items of the last days before the last training row; then the others."""

from __future__ import annotations

from typing import Any

import numpy as np
from popularity import main, viewers

DAY = 86_400


def recent(split: dict[str, Any], settings: dict[str, Any]) -> np.ndarray:
    """Distinct users per item in the window; overall popularity breaks ties. (items,)"""
    users, items, n_items = split["user"], split["item"], split["items"]
    since = split["time"].max() - float(settings.get("days", 7)) * DAY
    late = split["time"] >= since
    overall = viewers(users, items, n_items)
    return viewers(users[late], items[late], n_items) + overall / (overall.max() + 1.0)


if __name__ == "__main__":
    main("recent-popularity", recent)
