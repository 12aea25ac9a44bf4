"""Targets of each user from held-out events, with counts of dropped ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from vireo.arrays import Ints
from vireo.behavior.base import DEFAULT_WEIGHTS, Histories, History

QUICK_SECONDS = 1.0
"""A view that was given up within this time is nothing to aim at."""


@dataclass(frozen=True)
class Targets:
    """One entry per evaluated user, in the order of the user ids."""

    user_ids: tuple[str, ...]
    videos: tuple[Ints, ...]
    """Rows of the catalogue, rising, at least one per user."""
    histories: tuple[History, ...]
    """Histories at the cutoff; empty for cold users."""
    counts: Mapping[str, int]


def targets_of(heldout: pl.DataFrame, histories: Histories, video_ids: Sequence[str]) -> Targets:
    """Held-out positives per user. Events without positive weight are no targets.

    A target that the user had seen before the cutoff is dropped, because seen videos are masked;
    a user who has no other keeps it, and counts as a miss for every system.
    """
    positives, counts = _positives(heldout, histories, video_ids)
    users: list[str] = []
    videos: list[Ints] = []
    known: list[History] = []
    seen_again = hopeless = 0
    for user, rows in positives.iter_rows():
        history = histories.of(user)
        rows = np.array(rows, dtype=np.int64)
        fresh = rows[~np.isin(rows, history.videos)]
        seen_again += len(rows) - len(fresh) if len(fresh) else 0
        hopeless += not len(fresh)
        users.append(user)
        videos.append(fresh if len(fresh) else rows)
        known.append(history)
    counts |= {
        "users": len(users),
        "users_without_history": sum(not len(history) for history in known),
        "users_whose_targets_were_all_seen": hopeless,
        "targets": sum(len(rows) for rows in videos),
        "targets_dropped_as_seen": seen_again,
    }
    return Targets(tuple(users), tuple(videos), tuple(known), counts)


def _positives(
    heldout: pl.DataFrame, histories: Histories, video_ids: Sequence[str]
) -> tuple[pl.DataFrame, dict[str, int]]:
    """(user_id, sorted distinct rows) and the counts of the events."""
    weights: Mapping[str, float] = histories.report.get("weights", DEFAULT_WEIGHTS)
    positive = [word for word, weight in weights.items() if weight > 0]
    event = pl.col("event").str.strip_chars().str.to_lowercase()
    quick = (event == "view") & (pl.col("watch_seconds") < QUICK_SECONDS)
    good = heldout.filter(event.is_in(positive) & ~quick.fill_null(value=False))
    catalogue = pl.DataFrame(
        {"video_id": list(video_ids), "row": np.arange(len(video_ids))},
        schema={"video_id": pl.String, "row": pl.Int64},
    )
    known = good.join(catalogue, on="video_id", how="inner").filter(pl.col("user_id").is_not_null())
    positives = known.group_by("user_id").agg(pl.col("row").unique().sort()).sort("user_id")
    return positives, {
        "events_held_out": heldout.height,
        "events_not_wanted": heldout.height - good.height,
        "events_of_unknown_videos": good.height - known.height,
    }
