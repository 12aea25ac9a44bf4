"""The behaviour stage: events -> clean, weighted histories in order of time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from vireo.arrays import Doubles
from vireo.behavior.base import NO_TIME, BehaviorSection, Histories
from vireo.behavior.clean import clean
from vireo.behavior.duration_bias import usual_shares
from vireo.behavior.event_arrays import EventArrays
from vireo.behavior.sessions import sessions
from vireo.behavior.weights import event_weights, highest_rating, weights_of
from vireo.data.base import Tables
from vireo.engine.base import Context

_MOST_WORDS = 50
"""Event words that are listed by name in the report; the rest is summed."""


def build(tables: Tables, section: BehaviorSection, context: Context) -> Histories:
    """Histories of all users. Reads the parts `events` and `videos` (whose order is the rows')."""
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
    """Histories of the users in `events` (EVENT_SCHEMA) over the catalogue `videos`.

    Also weighs events that a build has not seen; then `now` (ms), `rating_max` and `usual` come
    from it (`histories.now`, `histories.report["rating_max"]` and `["usual_shares"]`), so that both
    agree. `online_weights.py` weights the few live events of one user.
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
    return _histories(kept, weights, users, videos.height, section, report)


def _coded(events: pl.DataFrame, videos: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Rows with numbers for user and video, in the order of the histories; the user ids."""
    users = events["user_id"].drop_nulls().unique().sort()
    number = pl.int_range(pl.len(), dtype=pl.Int64)
    user_rows = users.to_frame().with_columns(user=number)
    duration = pl.col("duration") if "duration" in videos.columns else pl.lit(None, pl.Float64)
    video_rows = videos.select("video_id", video=number, duration=duration)
    time = pl.col("timestamp")
    coded = (
        events.with_columns(
            event=pl.col("event").str.strip_chars().str.to_lowercase().fill_null(""),
            timestamp=pl.when(time >= 0).then(time),  # negative means not known
        )
        .join(user_rows, on="user_id", how="left", maintain_order="left")
        .join(video_rows, on="video_id", how="left", maintain_order="left")
    )
    order = ["user", "timestamp", "sequence"]
    return coded.sort(order, nulls_last=False, maintain_order=True), users


def _unweighted(weights: Doubles) -> dict[str, int]:
    """Number of events without a weight, and with weight 0."""
    missing, zero = int(np.isnan(weights).sum()), int((weights == 0).sum())
    counts = {"event word without a weight": missing, "event of weight 0": zero}
    return {reason: count for reason, count in counts.items() if count}


def _histories(
    used: EventArrays,
    weights: Doubles,
    users: pl.Series,
    n_videos: int,
    section: BehaviorSection,
    report: Mapping[str, Any],
) -> Histories:
    present, counts = np.unique(used.user, return_counts=True)
    return Histories(
        user_ids=tuple(users.gather(present).to_list()),
        n_videos=n_videos,
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        videos=used.video.astype(np.int64),
        weights=weights.astype(np.float32),
        times=used.time.astype(np.int64),
        sessions=sessions(used.user, used.time, used.session, section.session_gap_minutes),
        report=report,
    )


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
    listed = dict(list(counts.items())[:_MOST_WORDS])
    if others := sum(counts.values()) - sum(listed.values()):
        listed["(others)"] = others
    return {
        "read": events.height,
        "kept": len(used),
        "dropped": dict(dropped),
        "users_read": events["user_id"].n_unique() - (1 if events["user_id"].null_count() else 0),
        "users": len(np.unique(used.user)),
        "videos_seen": len(np.unique(used.video)),
        "positive": int((weights > 0).sum()),
        "without_time": int((used.time == NO_TIME).sum()),
        "events": listed,
        "weights": event_weights(section),
        "rating_max": rating_max,
        "notes": _notes(listed, dropped, section),
    }


def _quoted(word: str) -> str:
    """As a TOML string."""
    return json.dumps(word, ensure_ascii=False)


def _notes(
    words: Mapping[str, int], dropped: Mapping[str, int], section: BehaviorSection
) -> list[str]:
    """Notes for the owner, with the next step."""
    known = event_weights(section)
    notes = [
        f"{count} events of the unknown kind {_quoted(word)} were left out. To use them, give "
        f"the word a weight in vireo.toml: [behavior] weights = {{{_quoted(word)} = 1.0}}."
        for word, count in words.items()
        if word not in known and word != "(others)"
    ]
    if bots := dropped.get("bot (too many events on one day)", 0):
        notes.append(
            f"{bots} events of users with more than {section.max_events_per_day} on one day were "
            "set aside as bots; behavior.max_events_per_day moves the limit."
        )
    return notes
