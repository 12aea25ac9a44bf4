"""Catalogue: what a list needs to know of every video, in the catalogue's order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from safetensors.numpy import load_file, save_file

from vireo.arrays import Floats, Ints, unit_rows
from vireo.errors import UnknownVideo


@dataclass(frozen=True)
class Catalogue:
    """Titles, topics, popularity and vectors of all videos."""

    table: pl.DataFrame
    """video_id, title, creator, category, topic (words, or null), published_at (ms, or null)."""
    topic_of: Ints
    """(n,) number of the topic, -1 for none."""
    viewers: Ints
    """(n,) distinct users with a positive interaction."""
    recent: Ints
    """(n,) the same within the last days that the data knows."""
    content: Floats
    """(n, d) the content space: text, picture, sound."""
    text: Floats
    """(n, d') text vectors, for sentences; zeros where a video has no text."""

    def __len__(self) -> int:
        return self.table.height

    @cached_property
    def ids(self) -> list[str]:
        return self.table["video_id"].to_list()

    @cached_property
    def titles(self) -> list[str]:
        return self.table["title"].to_list()

    @cached_property
    def topics(self) -> list[str | None]:
        return self.table["topic"].to_list()

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {video: row for row, video in enumerate(self.ids)}

    @cached_property
    def unit_content(self) -> Floats:
        """Rows of `content` at length 1 (zeros stay zeros), for similarity."""
        return unit_rows(self.content)

    def counting(self, viewers: Ints, recent: Ints) -> Catalogue:
        """The same videos with newer counts; what was derived of the rest is kept."""
        other = replace(self, viewers=viewers, recent=recent)
        derived = ("ids", "titles", "topics", "_rows", "unit_content")
        other.__dict__.update({n: self.__dict__[n] for n in derived if n in self.__dict__})
        return other

    def find(self, video_id: str) -> int | None:
        """The row of a video, or None."""
        return self._rows.get(video_id)

    def row(self, video_id: str) -> int:
        """The row of a video; raises UnknownVideo that offers the nearest ids and titles."""
        if video_id in self._rows:
            return self._rows[video_id]
        asked = video_id.casefold()
        near = [
            f"{i} ({t})"
            for i, t in zip(self.ids, self.titles, strict=True)
            if asked and (asked in t.casefold() or asked in i.casefold())
        ]
        hint = f"Did you mean: {'; '.join(near[:5])}?" if near else "`vireo list videos` shows all."
        raise UnknownVideo(f"There is no video '{video_id}' in the catalogue.", hint)

    def save(self, directory: Path) -> None:
        self.table.write_parquet(directory / "table.parquet")
        arrays: dict[str, np.ndarray[Any, Any]] = {
            "topic_of": self.topic_of,
            "viewers": self.viewers,
            "recent": self.recent,
            "content": np.ascontiguousarray(self.content),
            "text": np.ascontiguousarray(self.text),
        }
        save_file(arrays, directory / "vectors.safetensors")

    @classmethod
    def load(cls, directory: Path) -> Catalogue:
        arrays = load_file(directory / "vectors.safetensors")
        return cls(pl.read_parquet(directory / "table.parquet"), **arrays)

    def summary(self) -> Mapping[str, Any]:
        return {"videos": len(self), "never_watched": int((self.viewers == 0).sum())}
