"""Reader `gorse`: items.jsonl and feedback.jsonl of a Gorse export.

`Comment` is the title, `Labels` are tags, hidden items are rejected; `read` is a view.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from vireo.data.readers import RawTables, ReadRequest
from vireo.data.readers.columns import EVENT_ALIASES, VIDEO_ALIASES, lay_out, require
from vireo.data.readers.events import events_from
from vireo.data.readers.rows import Rows, move_to_broken, read_rows
from vireo.data.readers.table import joined
from vireo.data.readers.videos import videos_from
from vireo.errors import InputError

WORDS = {"read": "view", "star": "like"}
"""Event type by feedback type; other types are unchanged."""
ITEMS = {"ItemId": "video_id", "Comment": "title", "Labels": "tags", "Categories": "category"}
FEEDBACK = {"FeedbackType": "event", "UserId": "user_id", "ItemId": "video_id", "Comment": "text"}
HIDDEN = "hidden in Gorse"


def read(request: ReadRequest) -> RawTables:
    """`videos` is items.jsonl, `events` is feedback.jsonl, one of them is optional; InputError for
    other files."""
    tables = RawTables()
    if request.videos is not None:
        rows = _visible(read_rows(request.videos, "videos"))
        layout = lay_out(
            rows, VIDEO_ALIASES, _existing(rows, {**ITEMS, "Timestamp": "published_at"})
        )
        require(layout, rows, "videos", ("video_id",))
        tables = videos_from(rows, layout, request.videos.resolve().parent)
    if request.events is None:
        return tables
    rows = _with_event_types(read_rows(request.events, "events"))
    layout = lay_out(rows, EVENT_ALIASES, _existing(rows, {**FEEDBACK, "Timestamp": "timestamp"}))
    require(layout, rows, "events", ("user_id",), ("video_id",), ("event",))
    return joined(tables, events_from(rows, layout, request))


def _existing(rows: Rows, names: dict[str, str]) -> dict[str, str]:
    """The mapping of existing columns; raises InputError without ItemId."""
    if "ItemId" not in rows.names:
        raise InputError(
            f"{rows.source} has no column ItemId. Columns found: {', '.join(rows.names)}.",
            "Give the JSON Lines that Gorse exports, or leave --format out.",
        )
    return {theirs: ours for theirs, ours in names.items() if theirs in rows.names}


def _visible(rows: Rows) -> Rows:
    """Rows without hidden items; of a JSON list of categories the first one."""
    if "Categories" in rows.names:
        cell = pl.col("Categories")
        first = cell.str.extract(r'^\s*\[\s*"((?:[^"\\]|\\.)*)"')
        no_list = pl.when(~cell.str.strip_chars().str.starts_with("[")).then(cell)
        rows = replace(rows, frame=rows.frame.with_columns(Categories=first.fill_null(no_list)))
    if "IsHidden" not in rows.names:
        return rows
    hidden = pl.col("IsHidden").str.to_lowercase().is_in(["true", "1"]).fill_null(value=False)
    return move_to_broken(rows, hidden, HIDDEN)


def _with_event_types(rows: Rows) -> Rows:
    if "FeedbackType" not in rows.names:
        return rows
    column = pl.col("FeedbackType")
    ours = column.str.to_lowercase().replace_strict(WORDS, default=column, return_dtype=pl.String)
    return replace(rows, frame=rows.frame.with_columns(FeedbackType=ours))
