"""The reader `gorse`: the JSON Lines that Gorse exports, items.jsonl and feedback.jsonl.

`Comment` is the title, `Labels` are tags, hidden items are rejected; `read` is a view.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from vireo.data.readers import RawTables, ReadRequest
from vireo.data.readers.columns import EVENT_ALIASES, VIDEO_ALIASES, lay_out, require
from vireo.data.readers.events import events_from
from vireo.data.readers.rows import ROW, Rows, raw_json, read_rows
from vireo.data.readers.table import joined
from vireo.data.readers.videos import videos_from
from vireo.errors import InputError

WORDS = {"read": "view", "star": "like"}
"""Gorse's usual types of feedback -> our words; other types stay as they are."""
ITEMS = {"ItemId": "video_id", "Comment": "title", "Labels": "tags", "Categories": "category"}
FEEDBACK = {"FeedbackType": "event", "UserId": "user_id", "ItemId": "video_id", "Comment": "text"}
HIDDEN = "hidden in Gorse"


def read(request: ReadRequest) -> RawTables:
    """`videos` is items.jsonl, `events` is feedback.jsonl; one of them may be left out.

    Raises InputError for files that are not Gorse's.
    """
    tables = RawTables()
    if request.videos is not None:
        rows = _visible(read_rows(request.videos, "videos"))
        layout = lay_out(rows, VIDEO_ALIASES, _there(rows, {**ITEMS, "Timestamp": "published_at"}))
        require(layout, rows, "videos", ("video_id",))
        tables = videos_from(rows, layout, request.videos.resolve().parent)
    if request.events is None:
        return tables
    rows = _worded(read_rows(request.events, "events"))
    layout = lay_out(rows, EVENT_ALIASES, _there(rows, {**FEEDBACK, "Timestamp": "timestamp"}))
    require(layout, rows, "events", ("user_id",), ("video_id",), ("event",))
    return joined(tables, events_from(rows, layout, request))


def _there(rows: Rows, names: dict[str, str]) -> dict[str, str]:
    """Those of the columns that the file has; raises InputError where it has no ItemId."""
    if "ItemId" not in rows.names:
        raise InputError(
            f"{rows.source} has no column ItemId. Columns found: {', '.join(rows.names)}.",
            "Give the JSON Lines that Gorse exports, or leave --format out.",
        )
    return {theirs: ours for theirs, ours in names.items() if theirs in rows.names}


def _visible(rows: Rows) -> Rows:
    """Hidden items are set aside with their reason; lists in JSON become words."""
    frame = rows.frame
    if "Categories" in rows.names:
        first = pl.col("Categories").str.extract(r'^\s*\[\s*"((?:[^"\\]|\\.)*)"')
        frame = frame.with_columns(Categories=first.fill_null(_bare("Categories")))
    if "IsHidden" not in rows.names:
        return replace(rows, frame=frame)
    hidden = pl.col("IsHidden").str.to_lowercase().is_in(["true", "1"]).fill_null(value=False)
    bad = frame.filter(hidden)
    aside = bad.select(pl.col(ROW).alias("row"), pl.lit(HIDDEN).alias("reason"))
    broken = pl.concat([rows.broken, aside.with_columns(raw_json(bad).alias("raw"))])
    return replace(rows, frame=frame.filter(~hidden), broken=broken)


def _bare(name: str) -> pl.Expr:
    """The cell, if it is no list in JSON."""
    return pl.when(~pl.col(name).str.strip_chars().str.starts_with("[")).then(pl.col(name))


def _worded(rows: Rows) -> Rows:
    if "FeedbackType" not in rows.names:
        return rows
    column = pl.col("FeedbackType")
    ours = column.str.to_lowercase().replace_strict(WORDS, default=column, return_dtype=pl.String)
    return replace(rows, frame=rows.frame.with_columns(FeedbackType=ours))
