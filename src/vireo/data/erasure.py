"""Erasure of one user from the tables of a source, rejected rows included."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from vireo.store.base import ONE

_BETWEEN_CELLS = re.compile(r'[\s,;|"\x1f]+')
"""Separators of cells in a line that could not be split."""


def without_user(
    frames: Mapping[str, pl.DataFrame], report: Mapping[str, Any], user_id: str
) -> tuple[dict[str, pl.DataFrame], dict[str, Any], int]:
    """Frames and report without the user, and the number of rows removed or changed.

    In the access list of a video an empty `user:` replaces `user:ID`. A rejected row belongs to
    the user if its user column holds the id; if it has no columns, if any cell does.
    """
    own = pl.col("user_id") == user_id
    account = dict(report["tables"].get("events", {}))
    named = _rejects_of(frames["rejects"], account.get("user_column", ""), user_id)
    videos, opened = _without_access(frames["videos"], user_id)
    kept = {
        **frames,
        "videos": videos,
        "events": frames["events"].filter(~own),
        "comments": frames["comments"].filter(~own),
        "rejects": frames["rejects"].filter(~named),
    }
    # Events of one row share its number.
    accepted = frames["events"].filter(own)["sequence"].n_unique()
    rejected_rows = frames["rejects"].filter(named)["reason"].value_counts()
    count = accepted + int(rejected_rows["count"].sum())
    if not count:
        return kept, dict(report), opened
    rejected = dict(account["rejected"])
    for reason, rows in rejected_rows.iter_rows():
        rejected[reason] -= rows
    account.update(
        read=account["read"] - count,
        accepted=account["accepted"] - accepted,
        rejected={reason: rows for reason, rows in rejected.items() if rows},
        forgotten=account.get("forgotten", 0) + count,
    )
    return kept, {**report, "tables": {**report["tables"], "events": account}}, count + opened


def user_ids_in(frames: Mapping[str, pl.DataFrame], report: Mapping[str, Any]) -> set[str]:
    """Ids of all users in the frames; of a row that could not be split, every cell."""
    access = frames["videos"]["access"].explode().drop_nulls()
    one = access.filter(access.str.starts_with(ONE)).str.strip_prefix(ONE)
    lists = (frames["events"]["user_id"], frames["comments"]["user_id"], one)
    users = {user for column in lists for user in column.drop_nulls().unique()}
    rejected_rows = frames["rejects"].filter(pl.col("table") == "events")["raw"].drop_nulls()
    column = report["tables"].get("events", {}).get("user_column", "")
    return users.union(*(_cells(raw, column) for raw in rejected_rows))


def _without_access(videos: pl.DataFrame, user_id: str) -> tuple[pl.DataFrame, int]:
    """Videos with `user:` in place of `user:ID` in their access lists, and their number."""
    one, access = f"{ONE}{user_id}", videos["access"]
    named = access.list.contains(one).fill_null(value=False)
    if not named.any():
        return videos, 0
    left = access.list.eval(pl.when(pl.element() == one).then(pl.lit(ONE)).otherwise(pl.element()))
    return videos.with_columns(access=left), int(named.sum())


def _rejects_of(rejects: pl.DataFrame, column: str, user_id: str) -> pl.Series:
    """Mask of the rejected events of the user. (rejects,)"""
    # A substring search first; JSON has two spellings of a non-ASCII character.
    spellings = [json.dumps(user_id)[1:-1], json.dumps(user_id, ensure_ascii=False)[1:-1]]
    maybe = (rejects["table"] == "events") & rejects["raw"].str.contains_any(spellings)
    names = [
        bool(look) and user_id in _cells(raw, column)
        for look, raw in zip(maybe, rejects["raw"], strict=True)
    ]
    return pl.Series(names, dtype=pl.Boolean)


def _cells(raw: str, column: str) -> set[str]:
    """Cells of a rejected row that may hold a user id."""
    row = json.loads(raw)
    if isinstance(row, dict):
        return {str(row.get(column) or "").strip()}
    if isinstance(row, list):
        return {str(cell).strip() for cell in row}
    return set(_BETWEEN_CELLS.split(str(row)))
