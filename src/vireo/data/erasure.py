"""The tables of a source without one viewer: events, comments, and refused rows that name them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from vireo.store.base import ONE

_BETWEEN_CELLS = re.compile(r'[\s,;|"\x1f]+')
"""What parts the cells in the text of a line that could not be split."""


def without_user(
    frames: Mapping[str, pl.DataFrame], report: Mapping[str, Any], user_id: str
) -> tuple[dict[str, pl.DataFrame], dict[str, Any], int]:
    """The frames and the report without the viewer, and how many rows of tables that cost.

    A video that the viewer may open by name (`user:ID`) names nobody in their place. Refused rows
    are found by the viewer's column; where a row could not be split into cells, by
    any cell that equals the id.
    """
    theirs = pl.col("user_id") == user_id
    account = dict(report["tables"].get("events", {}))
    named = _rejects_of(frames["rejects"], account.get("user_column", ""), user_id)
    videos, opened = _unnamed(frames["videos"], user_id)
    kept = {
        **frames,
        "videos": videos,
        "events": frames["events"].filter(~theirs),
        "comments": frames["comments"].filter(~theirs),
        "rejects": frames["rejects"].filter(~named),
    }
    # One row of a log can give several events; they share its number.
    accepted = frames["events"].filter(theirs)["sequence"].n_unique()
    refused = frames["rejects"].filter(named)["reason"].value_counts()
    count = accepted + int(refused["count"].sum())
    if not count:
        return kept, dict(report), opened
    rejected = dict(account["rejected"])
    for reason, rows in refused.iter_rows():
        rejected[reason] -= rows
    account.update(
        read=account["read"] - count,
        accepted=account["accepted"] - accepted,
        rejected={reason: rows for reason, rows in rejected.items() if rows},
        forgotten=account.get("forgotten", 0) + count,
    )
    return kept, {**report, "tables": {**report["tables"], "events": account}}, count + opened


def who_is_named(frames: Mapping[str, pl.DataFrame], report: Mapping[str, Any]) -> set[str]:
    """Whoever `without_viewer` would find; where a row could not be split, every cell of it."""
    access = frames["videos"]["access"].explode().drop_nulls()
    one = access.filter(access.str.starts_with(ONE)).str.strip_prefix(ONE)
    lists = (frames["events"]["user_id"], frames["comments"]["user_id"], one)
    users = {user for column in lists for user in column.drop_nulls().unique()}
    refused = frames["rejects"].filter(pl.col("table") == "events")["raw"].drop_nulls()
    column = report["tables"].get("events", {}).get("user_column", "")
    return users.union(*(_cells(raw, column) for raw in refused))


def _unnamed(videos: pl.DataFrame, user_id: str) -> tuple[pl.DataFrame, int]:
    """The videos with nobody in the viewer's place among those who may open them; how many."""
    one, access = f"{ONE}{user_id}", videos["access"]
    named = access.list.contains(one).fill_null(value=False)
    if not named.any():
        return videos, 0
    left = access.list.eval(pl.when(pl.element() == one).then(pl.lit(ONE)).otherwise(pl.element()))
    return videos.with_columns(access=left), int(named.sum())


def _rejects_of(rejects: pl.DataFrame, column: str, user_id: str) -> pl.Series:
    """Which refused rows of events name the viewer."""
    # A quick look first; JSON may spell characters in two ways.
    spellings = [json.dumps(user_id)[1:-1], json.dumps(user_id, ensure_ascii=False)[1:-1]]
    maybe = (rejects["table"] == "events") & rejects["raw"].str.contains_any(spellings)
    names = [
        bool(look) and _names(raw, column, user_id)
        for look, raw in zip(maybe, rejects["raw"], strict=True)
    ]
    return pl.Series(names, dtype=pl.Boolean)


def _names(raw: str, column: str, user_id: str) -> bool:
    return user_id in _cells(raw, column)


def _cells(raw: str, column: str) -> set[str]:
    """Where a viewer's id may stand in the text of a refused row."""
    row = json.loads(raw)
    if isinstance(row, dict):
        return {str(row.get(column) or "").strip()}
    if isinstance(row, list):
        return {str(cell).strip() for cell in row}
    return set(_BETWEEN_CELLS.split(str(row)))
