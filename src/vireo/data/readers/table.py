"""The reader `table`: CSV, TSV, JSON Lines or Parquet with the usual column names or others."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from vireo.data.readers import RawTables, ReadRequest
from vireo.data.readers.columns import (
    EVENT_ALIASES,
    VIDEO_ALIASES,
    check_mapping,
    lay_out,
    require,
)
from vireo.data.readers.events import events_from
from vireo.data.readers.rows import Rows, read_rows
from vireo.data.readers.videos import videos_from
from vireo.errors import InputError


def read(request: ReadRequest) -> RawTables:
    """The tables of the request, every row accepted or rejected with a reason.

    Raises InputError for what is no table, has no rows of videos, or lacks a needed column.
    """
    videos = read_rows(request.videos, "videos") if request.videos else None
    events = read_rows(request.events, "events") if request.events else None
    check_mapping(request.columns, [rows for rows in (videos, events) if rows is not None])
    tables = RawTables()
    if videos is not None and request.videos is not None:
        layout = lay_out(videos, VIDEO_ALIASES, request.columns)
        require(layout, videos, "videos", ("video_id", "title"))
        if not len(videos):
            raise InputError(
                f"{request.videos} has a header and no rows.", "Give one row per video."
            )
        tables = videos_from(
            videos, layout, request.videos.resolve().parent, remote=request.section.remote
        )
    if events is None:
        return tables
    return joined(tables, _events(events, request))


def _events(rows: Rows, request: ReadRequest) -> RawTables:
    layout = lay_out(rows, EVENT_ALIASES, request.columns)
    require(layout, rows, "events", ("user_id",), ("video_id", "title"))
    found = events_from(rows, layout, request)
    if len(rows):
        return found
    account = found.counts["events"]
    note = f"{rows.source} has no rows: there is no behavior yet."
    return replace(found, counts={"events": replace(account, notes=(*account.notes, note))})


def joined(videos: RawTables, events: RawTables) -> RawTables:
    """The videos and media of the one with the events and comments of the other."""
    return RawTables(
        videos=videos.videos,
        media=videos.media,
        events=events.events,
        comments=events.comments,
        rejects=pl.concat([videos.rejects, events.rejects]),
        counts={**videos.counts, **events.counts},
    )
