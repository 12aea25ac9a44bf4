"""Tables of videos, media, events, comments, rejects and held-out events; their schemas."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import Field

from vireo.artifacts.files import write_json
from vireo.errors import CorruptArtifact
from vireo.settings import Section

VIDEO_SCHEMA: dict[str, Any] = {
    "video_id": pl.String,
    "title": pl.String,
    "description": pl.String,
    "tags": pl.List(pl.String),
    "category": pl.String,
    "creator": pl.String,
    "language": pl.String,
    "published_at": pl.Int64,  # milliseconds since 1970 UTC
    "duration": pl.Float64,  # seconds
    "transcript": pl.String,
    "age_rating": pl.Int64,  # minimum age in years
    "regions": pl.List(pl.String),  # where it may be shown; null: everywhere
    "access": pl.List(pl.String),  # groups, or `user:ID`, that may see it; null: not restricted
    "available_from": pl.Int64,  # milliseconds since 1970 UTC
    "available_until": pl.Int64,
    "series": pl.String,
    "episode": pl.Int64,
    "needs": pl.List(pl.String),  # ids of the videos that come before it
    "level": pl.Int64,  # 1: for beginners
    "schedule": pl.String,  # when a channel is live: `Mon 18:00-20:00; Sat 10:00-12:00`, UTC
    "participants": pl.List(pl.String),
}
"""Columns of `videos`; all but `video_id` may be null. `title` falls back to the id."""

MEDIA_SCHEMA: dict[str, Any] = {
    "video_id": pl.String,
    "path": pl.String,  # absolute
    "subtitles": pl.String,  # absolute path of a sidecar file, or null
    "digest": pl.String,  # sha256 of the file's bytes, or null when it cannot be read
    "subtitles_digest": pl.String,
}
"""Columns of `media`: only the videos that name a file."""

EVENT_SCHEMA: dict[str, Any] = {
    "user_id": pl.String,
    "video_id": pl.String,
    "event": pl.String,
    "timestamp": pl.Int64,  # milliseconds since 1970 UTC, or null
    "value": pl.Float64,
    "watch_seconds": pl.Float64,
    "session_id": pl.String,
    "sequence": pl.Int64,  # order of the source: breaks ties in time
}
"""Columns of `events` and `heldout`, in the order of the source."""

COMMENT_SCHEMA: dict[str, Any] = {
    "user_id": pl.String,
    "video_id": pl.String,
    "timestamp": pl.Int64,
    "text": pl.String,
}
REJECT_SCHEMA: dict[str, Any] = {
    "table": pl.String,  # "videos" or "events"
    "source": pl.String,  # the file's name
    "row": pl.Int64,  # 1-based, in the file as read
    "reason": pl.String,
    "raw": pl.String,  # the row as JSON
}

PART_SCHEMAS: dict[str, dict[str, Any]] = {
    "videos": VIDEO_SCHEMA,
    "media": MEDIA_SCHEMA,
    "events": EVENT_SCHEMA,
    "comments": COMMENT_SCHEMA,
    "heldout": EVENT_SCHEMA,
    "rejects": REJECT_SCHEMA,
}


class DataSection(Section):
    """`[data]`: which rows of the tables are used."""

    max_future_days: Annotated[float, Field(ge=0)] = 1.0
    """Rows dated further than this after the time of reading are rejected."""
    remote: bool = False
    """Whether video files at URLs are fetched (any file system of fsspec)."""


@dataclass(frozen=True)
class Split:
    """Events held out for evaluation; part of the data recipe, so no model sees them."""

    protocol: Literal["none", "time", "leave-one-out", "cold-items", "cold-users", "random"] = (
        "none"
    )
    cutoff: int | None = None
    """For `time`: milliseconds since 1970 UTC; events at or after it are held out."""
    until: int | None = None
    """For `time`: events at or after it are neither in training nor held out."""
    share: float = 0.2
    """Of the videos (`cold-items`), the users (`cold-users`), each user's events (`random`)."""
    variant: Literal["random", "chronological"] = "random"
    """For `cold-items`: random videos, or the latest ones."""
    seed: int = 0

    def recipe(self) -> dict[str, Any]:
        """JSON for the artifact id: the fields that this protocol uses."""
        used = {
            "none": (),
            "time": ("cutoff", "until"),
            "leave-one-out": (),
            "cold-items": ("share", "variant", "seed"),
            "cold-users": ("share", "seed"),
            "random": ("share", "seed"),
        }[self.protocol]
        given = {name: getattr(self, name) for name in used}
        return {"protocol": self.protocol, **{n: v for n, v in given.items() if v is not None}}


def _read(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise CorruptArtifact(
            f"{path} cannot be read: {str(error).splitlines()[0]}",
            f"Delete {path.parent} and run `vireo build`.",
        ) from error


def _part(name: str) -> cached_property[pl.DataFrame]:
    return cached_property(lambda tables: tables.part(name))


@dataclass(frozen=True)
class Tables:
    """Validated tables on disk, read part by part.

    A stage declares the parts that it reads (`pipeline.py`); another part is an error, because
    its content is not in the stage's id.
    """

    frames: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)
    directory: Path | None = None
    allowed: Collection[str] | None = None

    def part(self, name: str) -> pl.DataFrame:
        """One of PART_SCHEMAS by name; raises KeyError for a part that was not declared."""
        if self.allowed is not None and name not in self.allowed:
            raise KeyError(f"the part data/{name} is not declared in pipeline.py")
        if name in self.frames:
            return self.frames[name]
        if self.directory is not None:
            return _read(self.directory / f"{name}.parquet")
        return pl.DataFrame(schema=PART_SCHEMAS[name])

    videos = _part("videos")
    media = _part("media")
    events = _part("events")
    comments = _part("comments")
    heldout = _part("heldout")
    rejects = _part("rejects")

    def save(self, directory: Path) -> None:
        for name in PART_SCHEMAS:
            self.part(name).write_parquet(directory / f"{name}.parquet")
        write_json(directory / "report.json", dict(self.report))

    @classmethod
    def load(cls, directory: Path, parts: Collection[str] = ()) -> Tables:
        """`parts` limits what may be read; empty allows everything."""
        report = json.loads((directory / "report.json").read_text(encoding="utf-8"))
        return cls({}, report, directory, tuple(parts) or None)

    def summary(self) -> dict[str, Any]:
        return dict(self.report)
