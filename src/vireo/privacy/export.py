"""Everything that is held about one viewer, as one document."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import polars as pl

from vireo.data.sources import Sources
from vireo.store.base import Store


def export(user_id: str, store: Store, sources: Sources) -> dict[str, Any]:
    """What is told of them, choices, wishes, live events, rows of the ingested tables.

    A forgotten viewer's document says so and is empty otherwise.
    """
    standing = store.standing(user_id)
    if standing.forgotten:
        return {"user_id": user_id, "forgotten": True, **_nothing()}
    live = [{k: v for k, v in vars(event).items() if v is not None} for event in standing.events]
    return {
        "user_id": user_id,
        "forgotten": False,
        "told": {k: v for k, v in asdict(standing.viewer).items() if v and k != "user_id"},
        "choices": dict(standing.choices),
        "wishes": [asdict(edit) for edit in standing.edits],
        "live_events": live,
        "events": _rows(sources, "events", user_id),
        "comments": _rows(sources, "comments", user_id),
    }


def _nothing() -> dict[str, Any]:
    return {
        "told": {},
        "choices": {},
        "wishes": [],
        "live_events": [],
        "events": [],
        "comments": [],
    }


def _rows(sources: Sources, table: str, user_id: str) -> list[dict[str, Any]]:
    """The viewer's rows of one table in all sources, without empty cells."""
    frames = [source.frame(table) for source in sources.all()]
    mine = [frame.filter(pl.col("user_id") == user_id) for frame in frames]
    rows = [row for frame in mine for row in frame.to_dicts()]
    return [{k: v for k, v in row.items() if v is not None and k != "sequence"} for row in rows]
