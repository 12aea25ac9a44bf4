"""Train and held-out events of a split; comments obey the same split."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from vireo.data.base import Split
from vireo.errors import InputError

TRAIN, HELD, NEITHER = "train", "held", "neither"


def parts_of(events: pl.DataFrame, split: Split, videos: pl.DataFrame) -> pl.Series:
    """Per event TRAIN, HELD or NEITHER. Raises InputError for a split that cannot be made.

    `time`: events from the cutoff on (and before `until`) are held out; events without a time
    are in training. `leave-one-out`: the last event but impressions of each user who has two or
    more (by time, then in source order), with all other events of its row: a like must not give
    away its view. `cold-items`: every event of a share of
    the videos, and of all other videos each user's last event, so that one list gives warm and
    cold metrics. `cold-users`: every event of a share of the users. `random`: a share of
    each user's videos, at least one of those who have two.
    """
    held = _HELD[split.protocol](events, split, videos)
    part = pl.when(pl.lit(held)).then(pl.lit(HELD)).otherwise(pl.lit(TRAIN))
    if split.protocol == "time" and split.until is not None:
        after = (pl.col("timestamp") >= split.until).fill_null(value=False)
        part = pl.when(after).then(pl.lit(NEITHER)).otherwise(part)
    return events.select(part.alias("part"))["part"]


def seen_comments(
    comments: pl.DataFrame, heldout: pl.DataFrame, training: pl.DataFrame, split: Split
) -> pl.DataFrame:
    """Comments before the cutoff, not of held-out events, cold items or cold users."""
    if split.protocol == "time":
        return comments.filter(~_late(comments, split))
    key = ["user_id", "video_id", "timestamp"]
    kept = comments.join(
        heldout.select(key), on=key, how="anti", nulls_equal=True, maintain_order="left"
    )
    if split.protocol in ("cold-items", "cold-users"):
        name = "video_id" if split.protocol == "cold-items" else "user_id"
        cold = heldout.select(name).unique().join(training.select(name), on=name, how="anti")
        kept = kept.join(cold, on=name, how="anti", maintain_order="left")
    return kept


def _late(rows: pl.DataFrame, split: Split) -> pl.Series:
    if split.cutoff is None:
        raise InputError("A split by time needs a cutoff.", "Give one: `--cutoff 2026-03-01`.")
    return (rows["timestamp"] >= split.cutoff).fill_null(value=False)


def _none(events: pl.DataFrame, split: Split, videos: pl.DataFrame) -> pl.Series:
    return pl.repeat(value=False, n=len(events), dtype=pl.Boolean, eager=True)


def _by_time(events: pl.DataFrame, split: Split, videos: pl.DataFrame) -> pl.Series:
    return _late(events, split)


def _last_ones(events: pl.DataFrame, split: Split, videos: pl.DataFrame) -> pl.Series:
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


def _cold_items(events: pl.DataFrame, split: Split, videos: pl.DataFrame) -> pl.Series:
    seen = events["video_id"].unique().sort()
    count = _count_of(len(seen), split, "videos")
    if split.variant == "chronological":
        cold = _latest(events, videos, seen)[:count]
    else:
        order = np.random.default_rng(split.seed).permutation(len(seen))
        cold = seen.gather(order[:count])
    is_cold = events["video_id"].is_in(cold.implode())
    warm = events.filter(~is_cold)
    last = pl.Series(np.zeros(len(events), dtype=np.bool_))
    rows = np.flatnonzero(~is_cold.to_numpy())
    return is_cold | last.scatter(rows, _last_ones(warm, split, videos))


def _latest(events: pl.DataFrame, videos: pl.DataFrame, seen: pl.Series) -> pl.Series:
    """Videos, latest first: by publication, else by first event."""
    first = events.group_by("video_id").agg(pl.col("timestamp", "sequence").min())
    table = (
        seen.to_frame()
        .join(first, on="video_id")
        .join(videos.select("video_id", "published_at"), on="video_id", how="left")
    )
    dated = table["published_at"].null_count() == 0
    came = pl.col("published_at" if dated else "timestamp")
    ordered = table.with_columns(came.alias("came")).sort(
        ["came", "sequence", "video_id"], descending=True, nulls_last=True
    )
    return ordered["video_id"]


def _cold_users(events: pl.DataFrame, split: Split, videos: pl.DataFrame) -> pl.Series:
    users = events["user_id"].unique().sort()
    order = np.random.default_rng(split.seed).permutation(len(users))
    cold = users.gather(order[: _count_of(len(users), split, "users")])
    return events["user_id"].is_in(cold.implode())


def _at_random(events: pl.DataFrame, split: Split, videos: pl.DataFrame) -> pl.Series:
    """Whole videos of a user: a second view must not give away the first."""
    key = ["user_id", "video_id"]
    pairs = events.select(key).unique().sort(key)
    drawn = pairs.with_columns(
        pl.Series("draw", np.random.default_rng(split.seed).permutation(len(pairs)))
    )
    own = pl.len().over("user_id")
    count = (own * split.share).floor().clip(lower_bound=1)
    held = drawn.with_columns(
        ((pl.col("draw").rank("ordinal").over("user_id") <= count) & (own >= 2)).alias("held")
    ).select(*key, "held")
    marked = events.select(key).join(held, on=key, how="left", maintain_order="left")
    return marked["held"].fill_null(value=False)


def _count_of(total: int, split: Split, what: str) -> int:
    if not 0 < split.share < 1:
        raise InputError(
            f"A share of {split.share} of the {what} cannot be held out.",
            "Give a number between 0 and 1: `--share 0.2`.",
        )
    return max(1, round(total * split.share)) if total else 0


_HELD: dict[str, Callable[[pl.DataFrame, Split, pl.DataFrame], pl.Series]] = {
    "none": _none,
    "time": _by_time,
    "leave-one-out": _last_ones,
    "cold-items": _cold_items,
    "cold-users": _cold_users,
    "random": _at_random,
}
