"""Quotes: per video the line of dialogue closest to its topic, with its time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import polars as pl

MIN_LETTERS = 4
"""Shorter words of a topic's name say too little."""
LENGTHS = (12, 140)
"""Characters of a line that can be quoted whole."""
SCHEMA: dict[str, Any] = {"quote": pl.String, "quote_at": pl.Float64}
_WORD = re.compile(r"\w+")


def quotes(
    dialogue: pl.DataFrame, ids: Sequence[str], topics: Sequence[str | None]
) -> pl.DataFrame:
    """One row of SCHEMA per video; `quote_at` is in seconds, nulls where nothing can be quoted.

    The line with the most different words of the topic's name is taken, the earliest of equals.
    """
    names = {video: _words(topic) for video, topic in zip(ids, topics, strict=True) if topic}
    best: dict[str, tuple[int, str, float]] = {}
    for video, start, text in dialogue.select("video_id", "start", "text").iter_rows():
        line = " ".join((text or "").split())
        if video not in names or not LENGTHS[0] <= len(line) <= LENGTHS[1]:
            continue
        hits = len(names[video] & _words(line))
        if hits > best.get(video, (0,))[0]:
            best[video] = (hits, line, start)
    rows = [best.get(video, (0, None, None))[1:] for video in ids]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def at(seconds: float) -> str:
    """75.2 -> `1:15`"""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text) if len(word) >= MIN_LETTERS}
