"""History (events of one user) and Histories (all users)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, FiniteFloat
from safetensors.numpy import save_file
from scipy import sparse

from vireo.arrays import Floats, Ints
from vireo.artifacts.files import write_json
from vireo.artifacts.tensor_files import read_arrays
from vireo.settings import Section

NO_TIME = -1
"""Stands for an unknown timestamp in integer arrays."""

DAY = 86_400_000
"""Milliseconds."""

DEFAULT_WEIGHTS: Mapping[str, float] = {
    "view": 1.0,
    "like": 2.0,
    "save": 2.0,
    "share": 3.0,
    "follow": 2.0,
    "comment": 1.5,
    "rating": 1.0,
    "dislike": -1.0,
    "hate": -1.0,
    "skip": -0.5,
    "impression": 0.0,
}
"""Weight per event word; `weights` in the config adds to it and overrides it."""


class BehaviorSection(Section):
    """`[behavior]`: how events become weighted histories."""

    weights: Mapping[str, FiniteFloat] = field(default_factory=dict)
    """Weight per event word, added to the defaults; 0 drops an event, below 0 means dislike."""
    half_life_days: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """Weights halve after this many days; 0 switches decay off."""
    duration_correction: bool = False
    """Whether watch ratios are divided by the mean of their duration class: short videos have
    higher ones."""
    session_gap_minutes: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 30.0
    """A pause longer than this starts a new session."""
    max_events_per_day: Annotated[int, Field(ge=1)] = 2000
    """Users with more events in one day count as bots; their events are dropped."""
    duplicate_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """Events of one user, video and type within this time count once; 0: at one time."""


@dataclass(frozen=True)
class History:
    """Events of one user, oldest first; all arrays are (m,)."""

    videos: Ints
    """Rows in the catalog."""
    weights: Floats
    """Above 0: positive; else seen and not liked."""
    times: Ints
    """Milliseconds since 1970 UTC, or NO_TIME."""

    @classmethod
    def empty(cls) -> History:
        none = np.zeros(0, dtype=np.int64)
        return cls(none, np.zeros(0, dtype=np.float32), none)

    def __len__(self) -> int:
        return len(self.videos)

    @cached_property
    def positives(self) -> History:
        """Events with a positive weight."""
        keep = self.weights > 0
        return History(self.videos[keep], self.weights[keep], self.times[keep])

    @cached_property
    def newest_positives(self) -> Ints:
        """Positions of the newest positive event of each video, ascending."""
        positives = np.flatnonzero(self.weights > 0)[::-1]
        _, first = np.unique(self.videos[positives], return_index=True)
        return np.sort(positives[first])


@dataclass(frozen=True)
class Histories:
    """Events of all users, grouped by user; within a user in order of time, then as ingested.

    `offsets` (users + 1,) delimits the users in the flat arrays (events,).
    """

    user_ids: tuple[str, ...]
    n_videos: int
    offsets: Ints
    videos: Ints
    weights: Floats
    times: Ints
    sessions: Ints
    report: Mapping[str, Any] = field(default_factory=dict)
    clock: int | None = None
    """Time of the last event of all users (ms), for a part of them; None: of these events."""

    @cached_property
    def row_of(self) -> dict[str, int]:
        return {user: row for row, user in enumerate(self.user_ids)}

    def __len__(self) -> int:
        return len(self.user_ids)

    def row(self, row: int) -> History:
        """The history of the user in this row."""
        part = slice(self.offsets[row], self.offsets[row + 1])
        return History(self.videos[part], self.weights[part], self.times[part])

    def of(self, user_id: str) -> History:
        """The history of a user; empty for an unknown one."""
        row = self.row_of.get(user_id)
        return History.empty() if row is None else self.row(row)

    @cached_property
    def user_rows(self) -> Ints:
        """User row of every event. (events,)"""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.offsets))

    @cached_property
    def now(self) -> int:
        """Time of the last event (ms), or NO_TIME."""
        if self.clock is not None:
            return self.clock
        return int(self.times.max()) if len(self.times) else NO_TIME

    @cached_property
    def positives(self) -> sparse.csr_matrix:
        """Summed positive weights. (users, videos) float32"""
        keep = self.weights > 0
        shape = (len(self), self.n_videos)
        entries = (self.weights[keep], (self.user_rows[keep], self.videos[keep]))
        matrix = sparse.csr_matrix(entries, shape=shape, dtype=np.float32)
        matrix.sum_duplicates()
        return matrix

    def user_counts(self, since: int | None = None) -> Ints:
        """Distinct users with a positive event per video, since a time (ms). (videos,)"""
        keep = self.weights > 0
        if since is not None:
            keep &= self.times >= max(since, 0)
        pairs = np.unique(self.user_rows[keep] * self.n_videos + self.videos[keep])
        counts = np.bincount(pairs % max(self.n_videos, 1), minlength=self.n_videos)
        return counts.astype(np.int64)

    def save(self, directory: Path) -> None:
        pl.DataFrame({"user_id": list(self.user_ids)}, schema={"user_id": pl.String}).write_parquet(
            directory / "users.parquet"
        )
        arrays: dict[str, NDArray[Any]] = {
            "offsets": self.offsets,
            "videos": self.videos,
            "weights": self.weights,
            "times": self.times,
            "sessions": self.sessions,
        }
        save_file(arrays, directory / "histories.safetensors")
        about = {"n_videos": self.n_videos, "report": dict(self.report)}
        write_json(directory / "about.json", about)

    @classmethod
    def load(cls, directory: Path) -> Histories:
        users = pl.read_parquet(directory / "users.parquet")["user_id"].to_list()
        about = json.loads((directory / "about.json").read_text(encoding="utf-8"))
        arrays: dict[str, Any] = read_arrays(directory / "histories.safetensors")
        return cls(tuple(users), about["n_videos"], report=about["report"], **arrays)

    def summary(self) -> dict[str, Any]:
        return dict(self.report)
