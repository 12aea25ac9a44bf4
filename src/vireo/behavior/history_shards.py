"""Histories on disk, read for a range of users at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from safetensors import safe_open

from vireo.arrays import Ints
from vireo.behavior.base import NO_TIME, Histories

BLOCK = 4_000_000
"""Times read at once to find the last."""


@dataclass(frozen=True)
class HistoryShards:
    """Histories in the directory of a behavior artifact."""

    directory: Path

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def users(self, start: int, stop: int) -> list[str]:
        """User ids in these rows."""
        table = pl.scan_parquet(self.directory / "users.parquet")
        return table.slice(start, stop - start).collect()["user_id"].to_list()

    def part(self, start: int, stop: int) -> Histories:
        """Histories of these rows, with the clock and the report of all users."""
        users = self.users(start, stop)
        first, last = int(self._offsets[start]), int(self._offsets[start + len(users)])
        names = ("videos", "weights", "times", "sessions")
        arrays: dict[str, Any] = {name: self._read(name, first, last) for name in names}
        offsets = self._offsets[start : start + len(users) + 1] - first
        about = self._about
        part = Histories(tuple(users), about["n_videos"], offsets, report=about["report"], **arrays)
        return replace(part, clock=self.now)

    @cached_property
    def now(self) -> int:
        """Time of the last event of all users (ms), or NO_TIME."""
        count = int(self._offsets[-1])
        blocks = (self._read("times", at, min(at + BLOCK, count)) for at in range(0, count, BLOCK))
        return max((int(block.max()) for block in blocks), default=NO_TIME)

    @cached_property
    def _about(self) -> dict[str, Any]:
        about: dict[str, Any] = json.loads((self.directory / "about.json").read_text("utf-8"))
        return about

    @cached_property
    def _offsets(self) -> Ints:
        with safe_open(self._file, "np") as file:
            return np.asarray(file.get_tensor("offsets"), dtype=np.int64)

    @property
    def _file(self) -> Path:
        return self.directory / "histories.safetensors"

    def _read(self, name: str, first: int, last: int) -> np.ndarray[Any, Any]:
        # opened for each read: pages of an open map count as memory of the process
        with safe_open(self._file, "np") as file:
            return np.asarray(file.get_slice(name)[first:last])
