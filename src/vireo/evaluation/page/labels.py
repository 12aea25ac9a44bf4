"""The words of a report: names of protocols and metrics, and numbers as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

PROTOCOLS = {
    "time": "Events from a moment on were held out; the models knew only what came before.",
    "leave-one-out": "The last event of each viewer was held out.",
    "cold-items": "A share of the videos left the training wholly. Of all other videos, the last "
    "event of each viewer was held out.",
    "cold-users": "A share of the viewers left the training wholly. They are asked with a few "
    "known events, and with a sentence of the titles that they liked; what came later counts.",
    "random": "A random share of each viewer's videos was held out.",
}
METRICS = {
    "hit_rate": "lists with at least one right video",
    "ndcg": "right videos, those at the top counting more",
    "recall": "of what was wanted, the share found",
    "precision": "of the list, the share that was wanted",
    "mrr": "1 / place of the first right video",
    "map": "precision, averaged over the places of right videos",
    "coverage": "share of the catalogue shown to anybody",
    "gini": "how unequally videos are shown; lower is more equal",
    "novelty": "surprise of the videos, in bits",
    "diversity": "how unlike the videos of a list are",
    "calibration": "distance from the viewer's own topics; lower fits better",
    "popularity_lift": "how much more popular the list is than what the viewer watched",
}
GROUPS = ("mixed_", "warm_", "cold_", "within_warm_", "within_cold_")
"""Prefixes of the cold-item figures, in the order in which they are read."""


def sentence(protocol: Mapping[str, Any]) -> str:
    """What was done, in words."""
    split = protocol.get("split", {})
    said = PROTOCOLS.get(str(split.get("protocol", "")), "")
    cutoffs = split.get("cutoffs") or [split[name] for name in ("cutoff",) if name in split]
    if cutoffs:
        said += f" Cutoff: {', '.join(day(moment) for moment in cutoffs)}."
    if "share" in split:
        said += f" Share: {split['share']:.0%}" + (
            f", {split['variant']}." if "variant" in split else "."
        )
    return f"{said} Every list ranks the whole catalogue; what a viewer had met is left out."


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


def at(metric: str) -> int:
    """`ndcg@10` -> 10"""
    return int(metric.partition("@")[2] or 0)
