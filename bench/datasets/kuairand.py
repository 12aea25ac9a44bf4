"""KuaiRand-Pure: what viewers of short videos watched for long, with times and watch ratios."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from bench.base import Interactions, interactions

_LOG = "log_standard_4_25_to_5_08_pure.csv.gz"
MIN_RATIO, MAX_RATIO = 0.1, 3.0


def read(data: Path) -> Interactions:
    """Long views only; `value` is the watch ratio, kept between 0.1 and 3.

    Rows that are equal in all 19 columns count once; of several long views of one video by one
    viewer the first counts, since what was seen is masked.
    """
    shipped = pl.read_csv(data / "kuairand-pure" / "data" / _LOG)
    distinct = shipped.unique(maintain_order=True)
    long_views = distinct.filter(pl.col("long_view") == 1).sort("time_ms", maintain_order=True)
    first = long_views.unique(["user_id", "video_id"], keep="first", maintain_order=True)
    ratio = pl.col("play_time_ms") / pl.col("duration_ms").clip(lower_bound=1)
    frame = first.select(
        user=pl.col("user_id").cast(pl.String),
        item=pl.col("video_id").cast(pl.String),
        time=pl.col("time_ms") // 1000,
        value=ratio.clip(MIN_RATIO, MAX_RATIO).round(3),
        place=pl.col("time_ms"),
    )
    dropped = {
        "exact duplicates": shipped.height - distinct.height,
        "no long view": distinct.height - long_views.height,
        "long views of the same video again": long_views.height - first.height,
    }
    return interactions(frame, {}, dropped=dropped)
