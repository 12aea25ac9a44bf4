"""All events -> those to learn from, and those held out; comments obey the same split."""

from __future__ import annotations

import polars as pl

from vireo.data.base import Split
from vireo.errors import InputError


def held_out(events: pl.DataFrame, split: Split) -> pl.Series:
    """Which events are held out. Raises InputError for a time split without a cutoff.

    `time`: events at or after the cutoff; events without a moment stay. `leave-one-out`: the
    last event but impressions of each viewer who has two or more (by moment, then in the
    shipped order), with whatever else the same row of the table said: a like must not give away
    the view that came with it.
    """
    if split.protocol == "time":
        return _from(events, split)
    if split.protocol == "leave-one-out":
        return _last_ones(events)
    return pl.repeat(value=False, n=len(events), dtype=pl.Boolean, eager=True)


def seen_comments(comments: pl.DataFrame, heldout: pl.DataFrame, split: Split) -> pl.DataFrame:
    """The comments that may be read: none from the cutoff on, none of a held-out event."""
    if split.protocol == "time":
        return comments.filter(~_from(comments, split))
    key = ["user_id", "video_id", "timestamp"]
    return comments.join(
        heldout.select(key), on=key, how="anti", nulls_equal=True, maintain_order="left"
    )


def _from(rows: pl.DataFrame, split: Split) -> pl.Series:
    if split.cutoff is None:
        raise InputError("A split by time needs a cutoff.", "Give one: `--cutoff 2026-03-01`.")
    return (rows["timestamp"] >= split.cutoff).fill_null(value=False)


def _last_ones(events: pl.DataFrame) -> pl.Series:
    last = (
        events.lazy()
        .filter(pl.col("event") != "impression")
        .sort("timestamp", "sequence", nulls_last=False, maintain_order=True)
        .group_by("user_id")
        .agg(pl.col("sequence").last(), pl.col("sequence").n_unique().alias("rows"))
        .filter(pl.col("rows") >= 2)
        .select("user_id", "sequence", pl.lit(value=True).alias("held"))
        .collect()
    )
    key = ["user_id", "sequence"]
    marked = events.select(key).join(last, on=key, how="left", maintain_order="left")
    return marked["held"].fill_null(value=False)
