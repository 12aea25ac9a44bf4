"""A made-up catalogue and its viewers, for the bench of the service: tables, ingested and built."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from vireo.config import Config
from vireo.errors import VireoError
from vireo.workspace import CONFIG, Workspace

SETTINGS = {
    "pretraining": {"objective": "none"},
    "interest": {
        "validation_users": 500,
        "sequence": {"epochs": 1, "min_steps": 0, "max_length": 20, "n_negatives": 32},
        "sequence_content": {"epochs": 1, "min_steps": 0, "max_length": 20, "n_negatives": 32},
        "als": {"iterations": 5},
        "next_item": {"max_memory_mb": 256},
    },
}
"""What is served is measured, not how well it is learnt: builds may be quick."""
THEMES = 200
TITLES = 50
"""Different titles in a theme: a language model reads each text once."""


def make_world(folder: Path, videos: int, events: int, seed: int = 0) -> Path:
    """Tables of a made-up catalogue and its viewers, built once. -> the workspace.

    Not built again for what a bench left there, but where today's code cannot read it.
    """
    work = folder / f"{videos}-videos-{events}-events"
    if (work / "live.json").exists():
        there = Workspace.open(work)
        try:
            there.recommend(None, 1)
            there.close()
        except VireoError:
            build(there)
        return work
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    words = [f"{a}{b}" for a in _STEMS for b in _ENDINGS]
    theme = rng.integers(THEMES, size=videos)
    own = rng.integers(len(words), size=(THEMES, 12))
    picks = own[np.arange(THEMES)[:, None, None], rng.integers(12, size=(THEMES, TITLES, 5))]
    of_theme = [[" ".join(words[w] for w in row) for row in some] for some in picks]
    titles = [of_theme[t][n] for t, n in zip(theme, rng.integers(TITLES, size=videos), strict=True)]
    tables = {
        "videos": {"video_id": [f"v{n}" for n in range(videos)], "title": titles},
        "events": _events(rng, theme, events),
    }
    for name, columns in tables.items():
        pl.DataFrame(columns).write_parquet(folder / f"{name}.parquet")
    made = (
        Workspace.open(work)
        if (work / CONFIG).exists()
        else Workspace.create(work, config=Config.of(SETTINGS))
    )
    made.ingest(folder / "videos.parquet", folder / "events.parquet")
    build(made)
    return work


def build(work: Workspace) -> None:
    """What is built already is kept; then the workspace is closed."""
    work.build(on_result=lambda r: print(f"{r.stage} {r.seconds:.0f} s", file=sys.stderr))
    work.close()


_STEMS = [
    "sal",
    "mar",
    "ken",
    "tor",
    "vel",
    "nim",
    "ors",
    "pel",
    "gra",
    "din",
    "lum",
    "fer",
    "hov",
    "wes",
    "cal",
    "bri",
    "zan",
    "ulm",
    "tev",
    "rog",
]
_ENDINGS = ["ing", "er", "ate", "ow", "ane", "ist", "ell", "ora", "en", "ix", "y", "um"]


def _events(rng: np.random.Generator, theme: np.ndarray, count: int) -> dict[str, Any]:
    """Viewers with two themes each, some videos more popular than others."""
    users = max(10, count // 20)
    by_theme = [np.flatnonzero(theme == n) for n in range(THEMES)]
    taste = rng.integers(THEMES, size=(users, 2))
    user = rng.integers(users, size=count)
    chosen = taste[user, rng.integers(2, size=count)]
    place = rng.beta(0.6, 3.0, size=count)  # the first videos of a theme are the popular ones
    sizes = np.array([max(1, len(rows)) for rows in by_theme])
    starts = np.concatenate([[0], np.cumsum([len(rows) for rows in by_theme])[:-1]])
    every = np.concatenate(by_theme)
    at = np.minimum(starts[chosen] + (place * sizes[chosen]).astype(np.int64), len(every) - 1)
    moment = 1_780_000_000_000 + np.sort(rng.integers(5_000_000_000, size=count))
    return {
        "user_id": [f"u{n}" for n in user],
        "video_id": [f"v{n}" for n in every[at]],
        "event": ["view"] * count,
        "timestamp": moment,
    }
