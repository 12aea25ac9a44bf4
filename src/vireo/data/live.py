"""Live events -> rows of events, their words made ours: one way in, for builds and for lists."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from vireo.data.base import EVENT_SCHEMA
from vireo.data.readers.words import event_words
from vireo.store.base import LiveEvent

_NAMES = [name for name in EVENT_SCHEMA if name != "sequence"]


def event_rows(found: Sequence[tuple[int, LiveEvent]]) -> pl.DataFrame:
    """(position, event) pairs -> EVENT_SCHEMA plus `text`; `sequence` is the position."""
    rows = [
        (*(getattr(event, name) for name in _NAMES), position, event.text)
        for position, event in found
    ]
    frame = pl.DataFrame(rows, schema={**EVENT_SCHEMA, "text": pl.String}, orient="row")
    return frame.with_columns(event_words(pl.col("event")))
