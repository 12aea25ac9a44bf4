"""How much of a video of such a length is watched usually, and what a view says beyond that.

Short videos are watched to their end more often, long ones seldom, whoever watches them: a share
watched says something of taste only beside what is usual for videos of that length (duration bias:
Zhan et al. 2022, arXiv:2206.06003, who compare with quantiles; a mean needs fewer views).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

FEWEST = 50
"""Views that a class of lengths must have; the views of smaller ones are left as they are."""
ALL = "all"


def class_of() -> pl.Expr:
    """The octave of a video's duration: 8 to 16 seconds are of class "3"."""
    duration = pl.col("duration")
    octave = pl.when(duration > 0).then(duration.log(2)).floor()
    return octave.cast(pl.Int64).cast(pl.String)


def share_watched() -> pl.Expr:
    """From 0 to 1; null where the duration or the watch time is not known."""
    share = pl.when(pl.col("duration") > 0).then(pl.col("watch_seconds") / pl.col("duration"))
    return share.clip(0.0, 1.0)


def usual_shares(events: pl.DataFrame) -> dict[str, float]:
    """Mean share watched by class of lengths, and of all views; empty where there are too few."""
    views = events.filter(pl.col("event") == "view").select(
        length=class_of(), share=share_watched()
    )
    views = views.drop_nulls()
    classes = views.group_by("length").agg(pl.len(), pl.col("share").mean()).sort("length")
    large = classes.filter((pl.col("len") >= FEWEST) & (pl.col("share") > 0))
    overall = views["share"].mean()
    if large.is_empty() or not isinstance(overall, float):
        return {}
    usual = dict(zip(large["length"].to_list(), large["share"].to_list(), strict=True))
    return {ALL: overall, **usual}


def corrected(share: pl.Expr, usual: Mapping[str, float]) -> pl.Expr:
    """The share as it would be if videos of all lengths were usually watched alike."""
    factors = {length: usual[ALL] / mean for length, mean in usual.items() if length != ALL}
    if not factors:
        return share
    factor = class_of().replace_strict(
        list(factors), list(factors.values()), default=1.0, return_dtype=pl.Float64
    )
    return share * factor.fill_null(1.0)
