"""Facts about one video for display: metadata, visual features, dialogue, record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from vireo.behavior.base import History
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.profile.summary import Profile
from vireo.recommend.quotes import at
from vireo.serving.snapshot import Snapshot

LATEST = 250_000_000_000_000
"""Milliseconds: dates after the year 9800 cannot be written."""
MAX_SHOWN = 400
"""Characters of a text that people are shown."""


def video_facts(snapshot: Snapshot, row: int, min_people: int) -> dict[str, Any]:
    """Metadata, visual features, dialogue and record of the video in this row.

    The number of users is given from `min_people` on, and if it is 0.
    """
    facts = snapshot.tables.videos.row(row, named=True)
    video_id = facts["video_id"]
    given = _filled({**facts, "published_at": date_of(facts["published_at"])})
    if row >= len(snapshot.understanding.records):
        note = "Added after the last build: the next build reads its file."
        return {"video_id": video_id, "metadata": given, "visual": {"status": note}}
    lines = snapshot.video.dialogue.filter(pl.col("video_id") == video_id)
    record = snapshot.understanding.records[row]
    return {
        "video_id": video_id,
        "metadata": given,
        "visual": _filled(snapshot.video.table.row(row, named=True)),
        "dialogue": lines.drop("video_id").head(5).to_dicts(),
        "record": _filled({**asdict(record), "topic": snapshot.catalogue.topics[row]}),
        **_watched(int(snapshot.catalogue.user_counts[row]), min_people),
    }


def video_rows(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The catalogue as rows, with the status of each file."""
    files = snapshot.video.table.select("video_id", file="status", why="reason")
    rows = snapshot.catalogue.table.join(files, "video_id", "left", maintain_order="left")
    kept = (row for at, row in enumerate(rows.to_dicts()) if at not in snapshot.deleted)
    return [{**row, "published_at": date_of(row["published_at"])} for row in kept]


def user_facts(
    catalogue: Catalogue, history: History, profile: Profile, preferences: list[str]
) -> dict[str, Any]:
    """Counts, topics and latest videos of one user, with the profile sentence."""
    positives = history.positives.videos
    topics = [catalogue.topics[row] or "(no topic)" for row in positives]
    counts = pl.Series("topic", topics).value_counts(sort=True).head(8)
    shares = counts.with_columns(share=pl.col("count") / max(len(positives), 1)).to_dicts()
    newest = list(dict.fromkeys(history.videos[::-1].tolist()))
    author = f"{profile.author} ({profile.reason})" if profile.reason else profile.author
    return {
        "user_id": profile.user_id,
        "interactions": len(history),
        "positives": len(positives),
        "topics": [{"topic": row["topic"], "share": round(row["share"], 3)} for row in shares],
        "latest": [catalogue.titles[row] for row in newest[:10]],
        "summary": profile.sentence,
        "summary_by": author,
        "preferences": preferences,
    }


def for_display(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The same facts to be read: long texts are cut, and each support is one line."""
    shown = dict(facts)
    shown["metadata"] = {name: _cut(value) for name, value in facts["metadata"].items()}
    if "record" in facts:
        understood = dict(facts["record"])
        if "evidence" in understood:
            understood["evidence"] = [_line_of(one) for one in understood["evidence"]]
        shown["record"] = understood
    return shown


def _cut(value: Any) -> Any:
    if not isinstance(value, str) or len(value) <= MAX_SHOWN:
        return value
    return f"{value[:MAX_SHOWN].rsplit(' ', 1)[0]} … ({len(value):,} characters in all)"


def _line_of(support: Mapping[str, Any]) -> str:
    """`topic whales: “They sing.” (dialogue at 12:40)`"""
    when = "" if support["start"] is None else f" at {at(support['start'])}"
    quote = _cut(support["quote"])
    return f"{support['of']} {support['topic']}: “{quote}” ({support['source']}{when})"


def _watched(viewers: int, min_people: int) -> dict[str, int]:
    return {} if 0 < viewers < min_people else {"viewers": viewers}


def _filled(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Only what says something; the id stands above."""
    empty: tuple[Any, ...] = (None, "", [], ())
    return {n: value for n, value in facts.items() if value not in empty and n != "video_id"}


def date_of(moment: int | None) -> str | None:
    """Milliseconds since 1970 UTC -> an ISO date."""
    if moment is None or abs(moment) > LATEST:
        return None
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)).date().isoformat()
