"""Display names of protocols and metrics; display of dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

PROTOCOLS = {
    "time": "Events from a moment on were held out; the models knew only earlier events.",
    "leave-one-out": "The last event of each user was held out.",
    "cold-items": "A share of the videos was absent from training. Of all other videos, the last "
    "event of each user was held out.",
    "cold-users": "A share of the users was absent from training. Their queries are a few known "
    "events, and a sentence of the titles of their positives; later events count.",
    "random": "A random share of each user's videos was held out.",
}
METRICS = {
    "hit_rate": "share of lists with at least one target",
    "ndcg": "targets in the list, higher ranks count more",
    "recall": "share of the targets that the list holds",
    "precision": "share of the list that is a target",
    "mrr": "1 / rank of the first target",
    "map": "precision, averaged over the ranks of the targets",
    "coverage": "share of the catalogue in any list",
    "gini": "inequality of exposure; lower is more equal",
    "novelty": "self-information of the videos, in bits",
    "diversity": "mean dissimilarity of the videos within a list",
    "calibration": "distance from the user's own topics; lower is closer",
    "popularity_lift": "popularity of the list over that of the user's history",
}
GROUPS = ("mixed_", "warm_", "cold_", "within_warm_", "within_cold_")
"""Prefixes of the cold-item metrics, in reading order."""
KNOWN = {
    "known_0_": "nothing",
    "known_1_": "1 event",
    "known_3_": "3 events",
    "known_5_": "5 events",
    "taste_": "a sentence",
}
"""Prefixes of the cold-user metrics, and what is known of the user."""
SLICES = {
    "item_popularity": (
        "ndcg by popularity of the target",
        "Users per video before the split; rare, middle and hits each hold a third of the views.",
    ),
    "history_length": ("ndcg by length of history", "Known events of the user."),
}
"""Slice -> title and caption of its figure."""


def sentence(protocol: Mapping[str, Any]) -> str:
    """The protocol in words."""
    split = protocol.get("split", {})
    text = PROTOCOLS.get(str(split.get("protocol", "")), "")
    cutoffs = split.get("cutoffs") or [split[name] for name in ("cutoff",) if name in split]
    if cutoffs:
        text += f" Cutoff: {', '.join(day(moment) for moment in cutoffs)}."
    if "share" in split:
        text += f" Share: {split['share']:.0%}" + (
            f", {split['variant']}." if "variant" in split else "."
        )
    return f"{text} Every list ranks the whole catalogue without the videos that the user has seen."


def day(moment: int) -> str:
    """Milliseconds since 1970 UTC -> `2026-03-01`, with the hour where it is not midnight."""
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)
    return f"{when:%Y-%m-%d}" if moment % 86_400_000 == 0 else f"{when:%Y-%m-%d %H:%M}"


def base(metric: str) -> str:
    """`cold_ndcg@10` -> `ndcg`"""
    name = metric.partition("@")[0]
    return max((known for known in METRICS if name.endswith(known)), key=len, default=name)


def prefix(metric: str) -> str:
    """`cold_ndcg@10` -> `cold_`"""
    return metric.partition("@")[0].removesuffix(base(metric))


def k_of(metric: str) -> int:
    """`ndcg@10` -> 10"""
    return int(metric.partition("@")[2] or 0)
