"""Table rows of live events and videos, for builds and online lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from vireo.data.base import EVENT_SCHEMA, VIDEO_SCHEMA
from vireo.data.readers.event_types import event_words
from vireo.store.base import LiveEvent, LiveVideo

_MEDIA = ("video_id", "path", "subtitles")
_NAMES = [name for name in EVENT_SCHEMA if name != "sequence"]


def event_rows(pairs: Sequence[tuple[int, LiveEvent]]) -> pl.DataFrame:
    """EVENT_SCHEMA plus `text` of (position, event) pairs; `sequence` is the position."""
    rows = [
        (*(getattr(event, name) for name in _NAMES), position, event.text)
        for position, event in pairs
    ]
    frame = pl.DataFrame(rows, schema={**EVENT_SCHEMA, "text": pl.String}, orient="row")
    return frame.with_columns(event_words(pl.col("event")))


def video_rows(videos: Sequence[LiveVideo]) -> pl.DataFrame:
    """Live videos as VIDEO_SCHEMA."""
    rows = [tuple(_cell(video, name) for name in VIDEO_SCHEMA) for video in videos]
    return pl.DataFrame(rows, schema=VIDEO_SCHEMA, orient="row")


def _cell(video: LiveVideo, name: str) -> Any:
    value = getattr(video, name)
    return (list(value) or None) if isinstance(value, tuple) else value


def media_rows(videos: Sequence[LiveVideo]) -> pl.DataFrame:
    """Media files of live videos: video_id, path, subtitles."""
    rows = [tuple(getattr(video, name) for name in _MEDIA) for video in videos if video.path]
    return pl.DataFrame(rows, schema=dict.fromkeys(_MEDIA, pl.String), orient="row")
