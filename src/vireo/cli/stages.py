"""Summary of a stage in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def line_of(stage: str, summary: Mapping[str, Any]) -> str:
    """The summary of a stage in one line; empty for an unknown stage."""
    line = _LINES.get(stage)
    return line(summary) if line else ""


def _data(summary: Mapping[str, Any]) -> str:
    videos, events = summary["videos"], summary["events"]
    refused = sum(videos["rejected"].values()) + sum(events["rejected"].values())
    tail = f", {refused} rows rejected" if refused else ""
    return f"{videos['catalogue']} videos, {events['events']} events{tail}"


def _video(summary: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{count} {status}" for status, count in sorted(summary["status"].items()))
    return f"{counts}; {summary.get('note', '')}".rstrip("; ")


def _behavior(summary: Mapping[str, Any]) -> str:
    return f"{summary.get('users', '?')} users, {summary.get('kept', '?')} interactions"


def _pretraining(summary: Mapping[str, Any]) -> str:
    return f"{summary.get('choice', '')}: {summary.get('reason', '')}"


def _understanding(summary: Mapping[str, Any]) -> str:
    return f"{summary['with_text']} videos with text, {summary['topics']} topics"


def _interest(summary: Mapping[str, Any]) -> str:
    weights = {name: w for name, w in summary["weights"].items() if w > 0}
    return "weights: " + ", ".join(f"{name} {weight:.2f}" for name, weight in weights.items())


def _recommend(summary: Mapping[str, Any]) -> str:
    return f"{summary['videos']} videos, {summary['never_watched']} without events"


_LINES = {
    "data": _data,
    "video": _video,
    "behavior": _behavior,
    "pretraining": _pretraining,
    "understanding": _understanding,
    "interest": _interest,
    "recommend": _recommend,
}
