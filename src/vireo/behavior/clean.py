"""Events -> credible events: impossible rows, repeats and bots are set aside and counted."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from vireo.behavior.base import DAY, BehaviorSection

MOST_REPEATS = 50.0
"""Nobody watches a video more than this many times over in one event."""


def clean(events: pl.DataFrame, section: BehaviorSection) -> tuple[pl.DataFrame, dict[str, int]]:
    """The rows that can be believed, and how many were dropped by reason.

    `events` are coded rows: EVENT_SCHEMA plus `user` and `video` (row numbers, null if not in the
    catalogue), `duration` (seconds or null), sorted by user, timestamp (null first) and sequence.
    """
    dropped: dict[str, int] = {}
    for reason, find in _RULES.items():
        bad = find(events, section)
        if count := int(bad.sum()):
            dropped[reason] = count
            events = events.filter(~bad)
    return events, dropped


def _nobody(events: pl.DataFrame, section: BehaviorSection) -> pl.Series:
    return events["user"].is_null()


def _unknown_video(events: pl.DataFrame, section: BehaviorSection) -> pl.Series:
    return events["video"].is_null()


def _impossible_watch(events: pl.DataFrame, section: BehaviorSection) -> pl.Series:
    watched = pl.col("watch_seconds")
    bad = ((watched < 0) | ~watched.is_finite()).fill_null(value=False)
    return events.select(bad=bad)["bad"]


def _endless_watch(events: pl.DataFrame, section: BehaviorSection) -> pl.Series:
    duration = pl.col("duration")
    bad = (duration > 0) & (pl.col("watch_seconds") > MOST_REPEATS * duration)
    return events.select(bad=bad.fill_null(value=False))["bad"]


def _repeat(events: pl.DataFrame, section: BehaviorSection) -> pl.Series:
    """The same user, video and event soon after the one before (so a heartbeat counts once).

    Without timestamps nothing tells two events apart in time: there, only rows that are equal in
    every column are repeats.
    """
    key = ["user", "video", "event"]
    window = int(section.duplicate_seconds * 1000)
    soon = pl.col("timestamp").diff().over(key) <= window
    known = events.select(bad=soon.fill_null(value=False))["bad"]
    timeless = events["timestamp"].is_null()
    if not timeless.any():
        return known
    row = pl.struct(*key, "timestamp", "value", "watch_seconds", "session_id")
    return known | (timeless & ~events.select(first=row.is_first_distinct())["first"])


def _bot(events: pl.DataFrame, section: BehaviorSection) -> pl.Series:
    per_day = (
        events.lazy()
        .filter(pl.col("timestamp").is_not_null())
        .group_by("user", pl.col("timestamp") // DAY)
        .len()
        .filter(pl.col("len") > section.max_events_per_day)
        .collect()
    )
    return events["user"].is_in(per_day["user"].unique().to_list())


_RULES: dict[str, Callable[[pl.DataFrame, BehaviorSection], pl.Series]] = {
    "no user": _nobody,
    "video not in the catalogue": _unknown_video,
    "watch_seconds is negative or not a number": _impossible_watch,
    f"watch_seconds above {MOST_REPEATS:.0f} times the duration": _endless_watch,
    "duplicate": _repeat,
    "bot (too many events on one day)": _bot,
}
