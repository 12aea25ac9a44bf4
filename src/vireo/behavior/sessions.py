"""Ordered events -> session numbers: a new one after a pause, or where the shipped id changes."""

from __future__ import annotations

import numpy as np
import polars as pl

from vireo.arrays import Ints


def sessions(events: pl.DataFrame, gap_minutes: float) -> Ints:
    """One number per event, rising from 0 over all users. (events,)

    `events` have `user`, `timestamp` (ms or null) and `session_id`, sorted by user and time.
    Where both neighbours carry a session id, the ids decide; otherwise the pause does. A pause
    that is not known starts nothing.
    """
    if events.is_empty():
        return np.zeros(0, dtype=np.int64)
    shipped = pl.col("session_id")
    paused = (pl.col("timestamp").diff() > int(gap_minutes * 60_000)).fill_null(value=False)
    changed = (shipped != shipped.shift()).fill_null(paused)
    starts = (pl.col("user") != pl.col("user").shift()) | changed
    number = starts.fill_null(value=True).cast(pl.Int64).cum_sum() - 1
    return events.select(number=number)["number"].to_numpy().astype(np.int64)
