"""The seam of the readers: a Request goes in, RawTables come out, and every row is accounted for.

A reader is one function, `read(request: Request) -> RawTables`, and one line in a menu:

    def read(request: Request) -> RawTables:
        talks = pl.read_csv(request.videos)
        videos = talks.select(video_id=pl.col("url").str.strip_chars(), title="title")
        account = Account(file=request.videos.name, read=len(talks), accepted=len(videos))
        return RawTables(videos=videos, accounts={"videos": account})

Frames need not have every column of their schema (missing ones become null), and the built-in
tools (`rows.read_rows`, `sifting.sift`, `parse`) do the tedious half: see `kuairand.py`. An
outside package offers its reader through the entry-point group `vireo.readers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from vireo.data.base import (
    COMMENT_SCHEMA,
    EVENT_SCHEMA,
    MEDIA_SCHEMA,
    REJECT_SCHEMA,
    VIDEO_SCHEMA,
    DataSection,
)

RAW_SCHEMAS: dict[str, dict[str, Any]] = {
    "videos": VIDEO_SCHEMA,
    "media": {name: MEDIA_SCHEMA[name] for name in ("video_id", "path", "subtitles")},
    "events": EVENT_SCHEMA,
    "comments": COMMENT_SCHEMA,
    "rejects": REJECT_SCHEMA,
}
"""What a source keeps; digests of media files are taken when the data stage is built."""


@dataclass(frozen=True)
class ReadRequest:
    """What is to be read: at least one of the two paths is given."""

    videos: Path | None
    events: Path | None
    section: DataSection
    now: int
    """The moment of reading, in milliseconds since 1970 UTC: what is the future is up to it."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Their column name -> ours, as the user gave them."""


@dataclass(frozen=True)
class RowCounts:
    """What became of the rows of one table: accepted + rejected = read."""

    file: str
    read: int
    accepted: int
    rejected: Mapping[str, int] = field(default_factory=dict)
    """Reason -> rows."""
    warnings: Mapping[str, int] = field(default_factory=dict)
    """What was odd about accepted rows -> rows; an optional value that can't be read is null."""
    notes: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    """Our column name -> theirs."""
    columns_not_used: tuple[str, ...] = ()
    user_column: str = ""
    """Their name of the column of viewers, so that a forgotten one is found in `rejects`."""

    def as_json(self) -> dict[str, Any]:
        lists = {"notes": list(self.notes), "columns_not_used": list(self.columns_not_used)}
        return {**asdict(self), **lists}


def empty(name: str) -> pl.DataFrame:
    """A frame of RAW_SCHEMAS without rows."""
    return pl.DataFrame(schema=RAW_SCHEMAS[name])


@dataclass(frozen=True)
class RawTables:
    """Normalised rows of one reading, and one Account per table ("videos", "events")."""

    videos: pl.DataFrame = field(default_factory=lambda: empty("videos"))
    media: pl.DataFrame = field(default_factory=lambda: empty("media"))
    events: pl.DataFrame = field(default_factory=lambda: empty("events"))
    comments: pl.DataFrame = field(default_factory=lambda: empty("comments"))
    rejects: pl.DataFrame = field(default_factory=lambda: empty("rejects"))
    counts: Mapping[str, RowCounts] = field(default_factory=dict)

    def frames(self) -> dict[str, pl.DataFrame]:
        """The frames by name, each with exactly the columns of its schema."""
        return {name: conform(getattr(self, name), name) for name in RAW_SCHEMAS}


def conform(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The frame with the columns of RAW_SCHEMAS[name], in order; missing ones are null."""
    columns = [
        pl.col(column).cast(kind) if column in frame.columns else pl.lit(None, kind).alias(column)
        for column, kind in RAW_SCHEMAS[name].items()
    ]
    return frame.select(columns)


__all__ = ["RAW_SCHEMAS", "RawTables", "ReadRequest", "RowCounts", "conform", "empty"]
