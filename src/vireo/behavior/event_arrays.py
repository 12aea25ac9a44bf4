"""Events as arrays, one entry each; cleaning and weighting use them in builds and online."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import polars as pl

from vireo.arrays import Bools, Doubles, Ints
from vireo.behavior.base import NO_TIME
from vireo.data.readers.event_types import event_word
from vireo.store.base import LiveEvent

UNKNOWN = -1
"""Row of an unknown user or video; code of a missing session id."""


@dataclass(frozen=True)
class EventArrays:
    """Events sorted by user and time (stable); arrays (e,)."""

    user: Ints
    video: Ints
    type: Ints
    """Index into `types`."""
    time: Ints
    """ms since 1970 UTC, or NO_TIME."""
    value: Doubles
    """Ratings; NaN where missing."""
    watch_seconds: Doubles
    """NaN where missing, infinite for a NaN in the log."""
    duration: Doubles
    """Seconds of the video; 0 if unknown."""
    session: Ints
    """Code of the session id, or UNKNOWN."""
    types: tuple[str, ...]
    """Event types, in lower case."""

    def __len__(self) -> int:
        return len(self.user)

    def filter(self, keep: Bools) -> EventArrays:
        """The marked events."""
        parts: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        types = parts.pop("types")
        return EventArrays(**{name: part[keep] for name, part in parts.items()}, types=types)

    def of_type(self, name: str) -> Bools:
        """(e,) events of one type."""
        if name not in self.types:
            return np.zeros(len(self), dtype=np.bool_)
        return np.asarray(self.type == self.types.index(name))

    @classmethod
    def from_table(cls, coded: pl.DataFrame) -> EventArrays:
        """`coded`: EVENT_SCHEMA with `user` and `video` (rows or null) and `duration`, sorted."""
        types = sorted(set(coded["event"].unique()))
        codes = pl.col("event").replace_strict(
            types, range(len(types)), return_dtype=pl.Int64, default=UNKNOWN
        )
        numbers = coded.select(
            pl.col("user", "video").fill_null(UNKNOWN),
            pl.col("timestamp").fill_null(NO_TIME).cast(pl.Int64),
            pl.col("value").cast(pl.Float64).fill_null(np.nan),
            pl.col("watch_seconds").cast(pl.Float64).fill_nan(np.inf).fill_null(np.nan),
            duration=pl.when(pl.col("duration") > 0).then("duration").fill_null(0.0),
            type=codes,
            session=pl.col("session_id").cast(pl.Categorical).to_physical().cast(pl.Int64),
        ).with_columns(pl.col("session").fill_null(UNKNOWN))
        return cls(
            user=numbers["user"].to_numpy(),
            video=numbers["video"].to_numpy(),
            type=numbers["type"].to_numpy(),
            time=numbers["timestamp"].to_numpy(),
            value=numbers["value"].to_numpy(),
            watch_seconds=numbers["watch_seconds"].to_numpy(),
            duration=numbers["duration"].cast(pl.Float64).to_numpy(),
            session=numbers["session"].to_numpy(),
            types=tuple(types),
        )

    @classmethod
    def from_live(
        cls, events: Sequence[LiveEvent], row_of: Callable[[str], int | None], durations: Doubles
    ) -> EventArrays:
        """Live events of one user, without unknown videos; `durations` (n,) in seconds or NaN."""
        known = [(row, event) for event in events if (row := row_of(event.video_id)) is not None]
        times = [event.timestamp if event.timestamp >= 0 else NO_TIME for _, event in known]
        order = sorted(range(len(known)), key=times.__getitem__)
        rows = [known[at] for at in order]
        names = [event_word(event.event).strip().lower() for _, event in rows]
        types = tuple(dict.fromkeys(names))
        sessions: dict[str, int] = {}
        videos = np.array([row for row, _ in rows], dtype=np.int64)
        duration = durations[videos]
        return cls(
            user=np.zeros(len(rows), dtype=np.int64),
            video=videos,
            type=np.array([types.index(name) for name in names], dtype=np.int64),
            time=np.array([times[at] for at in order], dtype=np.int64),
            value=np.array([event.value for _, event in rows], np.float64),
            watch_seconds=np.array(
                [_watched(event.watch_seconds) for _, event in rows], np.float64
            ),
            duration=np.where(duration > 0, duration, 0.0),
            session=np.array([_code(event.session_id, sessions) for _, event in rows], np.int64),
            types=types,
        )


def _watched(seconds: float | None) -> float | None:
    return np.inf if seconds is not None and np.isnan(seconds) else seconds


def _code(session: str | None, known: dict[str, int]) -> int:
    return UNKNOWN if session is None else known.setdefault(session, len(known))
