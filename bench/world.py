"""A split as Vireo sees the world: histories, and what its language rooms make of the texts."""

from __future__ import annotations

import json
import os
import re
import shutil
from datetime import UTC, datetime

import numpy as np
import polars as pl

from bench.base import Split
from bench.source_digest import READING, digest_of_sources
from vireo.arrays import Floats, Ints
from vireo.behavior.base import NO_TIME, Histories
from vireo.behavior.build import session_numbers
from vireo.behavior.event_arrays import UNKNOWN
from vireo.config import Config
from vireo.data.base import VIDEO_SCHEMA, Tables
from vireo.engine.base import Context
from vireo.pretraining.base import Checkpoint
from vireo.understanding.base import Understanding
from vireo.understanding.build import build as understand
from vireo.video.base import DIALOGUE_SCHEMA, FEATURE_SCHEMA, VideoFeatures

_YEAR = re.compile(r"\((\d{4})\)$")


def histories_of(split: Split, config: Config) -> Histories:
    """The training rows, user by user in their order; the value of a row is its weight."""
    rows = split.rows.filter(part="train").sort("user", maintain_order=True)
    counts = np.bincount(rows["user"].to_numpy(), minlength=split.about["users"])
    users = rows["user"].to_numpy().astype(np.int64)
    times = (rows["time"] * 1000).fill_null(NO_TIME).to_numpy().astype(np.int64)
    unknown = np.full(len(users), UNKNOWN, dtype=np.int64)
    return Histories(
        user_ids=tuple(str(user) for user in range(split.about["users"])),
        n_videos=split.n_items,
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        videos=rows["item"].to_numpy().astype(np.int64),
        weights=rows["value"].to_numpy().astype(np.float32),
        times=times,
        sessions=session_numbers(users, times, unknown, config.behavior.session_gap_minutes),
    )


def videos_of(split: Split) -> pl.DataFrame:
    """The catalogue as the table `videos` (VIDEO_SCHEMA)."""
    lines = (split.directory / "items.jsonl").read_text(encoding="utf-8").splitlines()
    items = [json.loads(line) for line in lines]
    rows = [
        {
            "video_id": item["id"],
            "title": item["title"] or item["id"],
            "description": item.get("description") or None,
            "tags": item.get("tags", []),
            "transcript": item.get("dialogue"),
            "published_at": _year_in(item["title"]),
        }
        for item in items
    ]
    return pl.DataFrame(rows, schema=VIDEO_SCHEMA)


def _year_in(title: str) -> int | None:
    """The first millisecond of the year that a title ends with, as the product's own reader of
    MovieLens takes it."""
    found = _YEAR.search(title)
    if found is None:
        return None
    return int(datetime(int(found[1]), 1, 1, tzinfo=UTC).timestamp() * 1000)


def unseen(videos: pl.DataFrame) -> VideoFeatures:
    """No video file is at hand: nothing was seen and nothing was heard."""
    count = videos.height
    nothing: Floats = np.zeros((count, 0), dtype=np.float32)
    no: Ints = np.zeros(count, dtype=np.int64)
    table = pl.DataFrame({"video_id": videos["video_id"]}).with_columns(
        pl.lit(None, kind).alias(name)
        for name, kind in FEATURE_SCHEMA.items()
        if name != "video_id"
    )
    none = no.astype(np.bool_)
    dialogue = pl.DataFrame(schema=DIALOGUE_SCHEMA)
    return VideoFeatures(table, nothing, none, nothing, none, dialogue, {})


def understood(
    split: Split, videos: pl.DataFrame, config: Config, context: Context
) -> Understanding:
    """What the understanding stage makes of the catalogue; kept in the cache by its texts."""
    key = f"{split.about['items_sha256'][:16]}-{digest_of_sources(READING)}"
    place = context.cache / "understanding" / key
    if place.is_dir():
        return Understanding.load(place)
    tables = Tables({"videos": videos})
    made = understand(
        tables, unseen(videos), Checkpoint(None), config.understanding, config.language, context
    )
    making = place.with_name(f".{key}.{os.getpid()}")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    made.save(making)
    try:
        making.rename(place)
    except OSError:  # a run beside this one was faster and wrote the same
        shutil.rmtree(making)
    return made
