"""A workspace of any number of viewers over a made-up catalogue, published as if it were built."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bench.synthetic_lists_world import DAY, NOW, world
from vireo.arrays import Ints
from vireo.behavior.base import Histories
from vireo.config import Config
from vireo.data.base import EVENT_SCHEMA
from vireo.pipeline import STAGES
from vireo.recommend.catalogue import Catalogue
from vireo.workspace import Workspace

EVENTS = 20
"""Of each viewer: videos of three topics, in the last sixty days."""
AT = NOW
"""The moment for which lists are made."""


def workspace(path: Path, videos: int, users: int, dimension: int, seed: int) -> Workspace:
    """Catalogue and experts of synthetic_lists_world.py, `users` histories without attributes."""
    engine = {"name": "processes"}
    config = Config.of({"engine": engine, "recommend": {"rules": list(RULES)}})
    work = Workspace.create(path, config=config)
    catalogue, model = world(videos, dimension, seed)
    histories = histories_of(catalogue, users, seed + 1)
    summary = {"events": {"live_until": 0}, "videos": {}}
    stages = {
        "data": _write(work, "data", _no_events, summary),
        "behavior": _write(work, "behavior", histories.save, {}),
        "interest": _write(work, "interest", model.save, {}),
        "recommend": _write(work, "recommend", catalogue.save, {}),
    }
    work.resources.published.publish(stages)
    return work


RULES = (
    *("seen", "language", "expiry", "impression-discount", "freshness", "diversity"),
    *("calibration", "creator-cap", "new-video-quota", "exploration", "pinned", "required"),
)
"""Rules with an effect."""


def histories_of(catalogue: Catalogue, users: int, seed: int) -> Histories:
    """EVENTS videos per viewer, of three topics, the oldest first."""
    rng = np.random.default_rng(seed)
    rows = np.argsort(catalogue.topic_of, kind="stable")
    count = int(catalogue.topic_of.max()) + 1
    starts = np.searchsorted(catalogue.topic_of[rows], np.arange(count + 1))
    topics = rng.integers(0, count, (users, 3))
    chosen = np.take_along_axis(topics, rng.integers(0, 3, (users, EVENTS)), axis=1)
    within = (rng.random((users, EVENTS)) * np.diff(starts)[chosen]).astype(np.int64)
    videos: Ints = rows[starts[chosen] + within].astype(np.int64).ravel()
    ago = np.sort(rng.integers(1, 60 * 24, (users, EVENTS)), axis=1)[:, ::-1]
    times = (NOW - ago * (DAY // 24)).astype(np.int64).ravel()
    return Histories(
        tuple(f"user{row:08}" for row in range(users)),
        len(catalogue),
        np.arange(0, (users + 1) * EVENTS, EVENTS, dtype=np.int64),
        videos,
        np.ones(users * EVENTS, dtype=np.float32),
        times,
        np.zeros(users * EVENTS, dtype=np.int64),
        report={"rating_max": None},
    )


def _no_events(directory: Path) -> None:
    pl.DataFrame(schema=EVENT_SCHEMA).write_parquet(directory / "events.parquet")


def _write(
    work: Workspace, stage: str, save: Callable[[Path], None], summary: dict[str, Any]
) -> str:
    return work.resources.artifacts.write(
        stage, {"made up": stage}, save, summary, 0.0, STAGES[stage].format
    ).id
