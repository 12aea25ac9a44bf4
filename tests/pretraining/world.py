"""A corpus that is easy to learn: sentences from few patterns, about made-up videos."""

from __future__ import annotations

from pathlib import Path

from tests.language.world import tables
from vireo.config import Config
from vireo.data.base import Tables

_PLACES = ["the sea", "a mountain", "the desert", "an old city", "a quiet forest"]
_ACTS = ["walks", "swims", "sings", "sleeps", "paints"]


def easy_tables(count: int = 60) -> Tables:
    rows = [
        {
            "video_id": f"v{i}",
            "title": f"{_ACTS[i % 5]} by {_PLACES[i // 5 % 5]} number {i}",
            "description": f"Somebody {_ACTS[i % 5]} near {_PLACES[i // 5 % 5]}, day {i} of many.",
        }
        for i in range(count)
    ]
    comments = [
        {"user_id": "u", "video_id": f"v{i}", "text": f"I like who {_ACTS[i % 5]}, take {i}!"}
        for i in range(count)
    ]
    return tables(rows, comments)


def easy_config(model: Path, steps: int, objective: str = "masked") -> Config:
    return Config.of(
        {
            "language": {"model": "hub", "path": str(model)},
            "pretraining": {"objective": objective, "steps": steps, "learning_rate": 3e-3},
        }
    )
