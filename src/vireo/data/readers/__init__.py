"""Interface of readers: a ReadRequest in, RawTables out, with a count of every row.

A reader is one function, `read(request: ReadRequest) -> RawTables`, and a registry entry:

    def read(request: ReadRequest) -> RawTables:
        talks = pl.read_csv(request.videos)
        videos = talks.select(video_id=pl.col("url").str.strip_chars(), title="title")
        counts = RowCounts(file=request.videos.name, read=len(talks), accepted=len(videos))
        return RawTables(videos=videos, counts={"videos": counts})

Columns of the schema that a frame lacks become null. `rows.read_rows`, `validation.validate` and
`parse` help; `kuairand.py` is an example. Other packages register their readers in the entry-point
group `vireo.readers`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
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
"""Schemas of a source; the data stage adds digests of media files."""


@dataclass(frozen=True)
class ReadRequest:
    """Files to read (at least one) and options."""

    videos: Path | None
    events: Path | None
    section: DataSection
    now: int
    """Time of reading, ms since 1970 UTC; later events are in the future."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Column of the file -> our column, from the user."""


@dataclass(frozen=True)
class RowCounts:
    """Rows of one table: accepted + rejected = read."""

    file: str
    read: int
    accepted: int
    rejected: Mapping[str, int] = field(default_factory=dict)
    """Reason -> rows."""
    warnings: Mapping[str, int] = field(default_factory=dict)
    """Warning -> accepted rows; an unreadable optional value is null."""
    notes: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    """Our column -> column of the file."""
    columns_not_used: tuple[str, ...] = ()
    user_column: str = ""
    """User column of the file, to find an erased user in `rejects`."""

    def as_json(self) -> dict[str, Any]:
        lists = {"notes": list(self.notes), "columns_not_used": list(self.columns_not_used)}
        return {**asdict(self), **lists}


def sum_counts(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Sums by key."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(total)


def total_counts(parts: Sequence[RowCounts], file: str, notes: tuple[str, ...] = ()) -> RowCounts:
    """Row counts of several files as those of one, with further notes."""
    return replace(
        parts[0],
        file=file,
        read=sum(part.read for part in parts),
        accepted=sum(part.accepted for part in parts),
        rejected=dict(sorted(sum_counts(part.rejected for part in parts).items())),
        warnings=sum_counts(part.warnings for part in parts),
        notes=(*(note for part in parts for note in part.notes), *notes),
        columns_not_used=tuple(
            dict.fromkeys(name for part in parts for name in part.columns_not_used)
        ),
    )


def empty(name: str) -> pl.DataFrame:
    """A frame of RAW_SCHEMAS without rows."""
    return pl.DataFrame(schema=RAW_SCHEMAS[name])


@dataclass(frozen=True)
class RawTables:
    """Normalized rows of one read, and RowCounts per table ("videos", "events")."""

    videos: pl.DataFrame = field(default_factory=lambda: empty("videos"))
    media: pl.DataFrame = field(default_factory=lambda: empty("media"))
    events: pl.DataFrame = field(default_factory=lambda: empty("events"))
    comments: pl.DataFrame = field(default_factory=lambda: empty("comments"))
    rejects: pl.DataFrame = field(default_factory=lambda: empty("rejects"))
    counts: Mapping[str, RowCounts] = field(default_factory=dict)

    def frames(self) -> dict[str, pl.DataFrame]:
        """Frames by name, with the columns of their schemas."""
        return {name: conform(getattr(self, name), name) for name in RAW_SCHEMAS}


def conform(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The frame with the columns of RAW_SCHEMAS[name]; missing ones are null."""
    columns = [
        pl.col(column).cast(kind) if column in frame.columns else pl.lit(None, kind).alias(column)
        for column, kind in RAW_SCHEMAS[name].items()
    ]
    return frame.select(columns)
