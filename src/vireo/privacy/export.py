"""Everything that is held about one viewer, as one document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import polars as pl

from vireo.data.sources import Sources
from vireo.store.base import Store


def export(user_id: str, store: Store, sources: Sources) -> dict[str, Any]:
    """Attributes, choices, preferences, live events and rows of the ingested tables of a user.

    A forgotten viewer's document says so and is empty otherwise.
    """
    standing, known_as = store.user_state(user_id), store.pseudonym_of(user_id)
    if standing.forgotten:
        return {"user_id": user_id, "forgotten": True, **_nothing()}
    live = [_filled(vars(replace(event, user_id=user_id))) for event in standing.events]
    return {
        "user_id": user_id,
        "forgotten": False,
        "attributes": {
            k: v for k, v in asdict(standing.attributes).items() if v and k != "user_id"
        },
        "choices": dict(standing.choices),
        "preferences": [asdict(replace(edit, user_id=user_id)) for edit in standing.preferences],
        "live_events": live,
        "events": _rows(sources, "events", known_as, user_id),
        "comments": _rows(sources, "comments", known_as, user_id),
    }


def _nothing() -> dict[str, Any]:
    return {
        "attributes": {},
        "choices": {},
        "preferences": [],
        "live_events": [],
        "events": [],
        "comments": [],
    }


def _filled(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: cell for name, cell in row.items() if cell is not None}


def _rows(sources: Sources, table: str, known_as: str, user_id: str) -> list[dict[str, Any]]:
    """The viewer's rows of one table in all sources, without empty cells, by the id asked for."""
    frames = sources.each(lambda source: source.frame(table))
    mine = [frame.filter(pl.col("user_id") == known_as) for frame in frames]
    rows = [row for frame in mine for row in frame.to_dicts()]
    return [_filled({**row, "user_id": user_id, "sequence": None}) for row in rows]
