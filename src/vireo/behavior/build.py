"""Behavior stage: clean, weighted histories in order of time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from vireo.arrays import Doubles, Ints
from vireo.behavior.base import NO_TIME, BehaviorSection, Histories
from vireo.behavior.clean import clean
from vireo.behavior.duration_bias import usual_shares
from vireo.behavior.event_arrays import UNKNOWN, EventArrays
from vireo.behavior.weights import event_weights, highest_rating, weights_of
from vireo.data.base import Tables
from vireo.engine.base import Context

_MAX_EVENT_TYPES = 50
"""Event types with their own count in the report; the others are summed."""


def build(tables: Tables, section: BehaviorSection, context: Context) -> Histories:
    """Histories of all users, from the parts `events` and `videos`."""
    histories = histories_of(tables.events, tables.videos, section)
    for note in histories.report["notes"]:
        context.progress.say(note)
    return histories


def histories_of(
    events: pl.DataFrame,
    videos: pl.DataFrame,
    section: BehaviorSection,
    now: int | None = None,
    rating_max: float | None = None,
    usual: Mapping[str, float] | None = None,
) -> Histories:
    """Histories of the users in `events` (EVENT_SCHEMA) over the catalog `videos`.

    For events after a build, `now` (ms), `rating_max` and `usual` are those of the build:
    `histories.now`, `report["rating_max"]` and `report["usual_shares"]`.
    """
    coded, users = _coded(events, videos)
    arrays = EventArrays.from_table(coded)
    del coded
    rating_max = highest_rating(arrays) if rating_max is None else rating_max
    kept, dropped = clean(arrays, section)
    del arrays
    if now is None:
        now = int(kept.time.max(initial=NO_TIME))
    if usual is None:
        usual = usual_shares(kept) if section.duration_correction else {}
    weights = weights_of(kept, section, now, rating_max, usual)
    dropped |= _unweighted(weights)
    used = ~np.isnan(weights) & (weights != 0)
    kept, weights = kept.filter(used), weights[used]
    report = _report(events, kept, weights, dropped, section, rating_max)
    report["usual_shares"] = {length: round(share, 4) for length, share in usual.items()}
    present, counts = np.unique(kept.user, return_counts=True)
    return Histories(
        user_ids=tuple(users.gather(present).to_list()),
        n_videos=videos.height,
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        videos=kept.video.astype(np.int64),
        weights=weights.astype(np.float32),
        times=kept.time.astype(np.int64),
        sessions=session_numbers(kept.user, kept.time, kept.session, section.session_gap_minutes),
        report=report,
    )


def _coded(events: pl.DataFrame, videos: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Events with user and video rows, in the order of the histories; the user ids."""
    users = events["user_id"].drop_nulls().unique().sort()
    number = pl.int_range(pl.len(), dtype=pl.Int64)
    user_rows = users.to_frame().with_columns(user=number)
    duration = pl.col("duration") if "duration" in videos.columns else pl.lit(None, pl.Float64)
    video_rows = videos.select("video_id", video=number, duration=duration)
    time = pl.col("timestamp")
    coded = (
        events.with_columns(
            event=pl.col("event").str.strip_chars().str.to_lowercase().fill_null(""),
            timestamp=pl.when(time >= 0).then(time),  # negative: unknown
        )
        .join(user_rows, on="user_id", how="left", maintain_order="left")
        .join(video_rows, on="video_id", how="left", maintain_order="left")
    )
    order = ["user", "timestamp", "sequence"]
    return coded.sort(order, nulls_last=False, maintain_order=True), users


def _unweighted(weights: Doubles) -> dict[str, int]:
    """Counts of events without a weight and of weight 0."""
    missing, zero = int(np.isnan(weights).sum()), int((weights == 0).sum())
    counts = {"event word without a weight": missing, "event of weight 0": zero}
    return {reason: count for reason, count in counts.items() if count}


def session_numbers(user: Ints, time: Ints, session: Ints, gap_minutes: float) -> Ints:
    """Session number of each event, ascending over all users; input sorted by user and time. (e,)

    A session starts where the session id changes, or after a pause if one of the ids is missing.
    """
    if not len(user):
        return np.zeros(0, dtype=np.int64)
    last, this = slice(None, -1), slice(1, None)
    timed = (time[last] != NO_TIME) & (time[this] != NO_TIME)
    paused = timed & (time[this] - time[last] > int(gap_minutes * 60_000))
    shipped = (session[last] != UNKNOWN) & (session[this] != UNKNOWN)
    changed = np.where(shipped, session[this] != session[last], paused)
    starts = changed | (user[this] != user[last])
    return np.concatenate([[0], np.cumsum(starts)]).astype(np.int64)


def _report(
    events: pl.DataFrame,
    used: EventArrays,
    weights: Doubles,
    dropped: Mapping[str, int],
    section: BehaviorSection,
    rating_max: float | None,
) -> dict[str, Any]:
    words = events["event"].str.strip_chars().str.to_lowercase().fill_null("").value_counts()
    counts = dict(words.sort(["count", "event"], descending=[True, False]).iter_rows())
    by_type = dict(list(counts.items())[:_MAX_EVENT_TYPES])
    if others := sum(counts.values()) - sum(by_type.values()):
        by_type["(others)"] = others
    return {
        "read": events.height,
        "kept": len(used),
        "dropped": dict(dropped),
        "users_read": events["user_id"].n_unique() - (1 if events["user_id"].null_count() else 0),
        "users": len(np.unique(used.user)),
        "videos_seen": len(np.unique(used.video)),
        "positive": int((weights > 0).sum()),
        "without_time": int((used.time == NO_TIME).sum()),
        "events": by_type,
        "weights": event_weights(section),
        "rating_max": rating_max,
        "notes": _notes(by_type, dropped, section),
    }


def _notes(
    words: Mapping[str, int], dropped: Mapping[str, int], section: BehaviorSection
) -> list[str]:
    """Notes for the owner, with the next step."""
    known = event_weights(section)
    notes = []
    for word, count in words.items():
        if word not in known and word != "(others)":
            quoted = json.dumps(word, ensure_ascii=False)
            notes.append(
                f"{count} events of the unknown kind {quoted} were left out. To use them, give "
                f"the word a weight in vireo.toml: [behavior] weights = {{{quoted} = 1.0}}."
            )
    if bots := dropped.get("bot (too many events on one day)", 0):
        notes.append(
            f"{bots} events of users with more than {section.max_events_per_day} on one day were "
            "set aside as bots; behavior.max_events_per_day moves the limit."
        )
    return notes
