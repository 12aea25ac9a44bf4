"""What the tests of the rooms that read text share: a context, a small random model, tables."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from vireo.data.base import COMMENT_SCHEMA, VIDEO_SCHEMA, Tables
from vireo.engine.base import Context, EngineSection
from vireo.engine.progress import NullProgress, Progress
from vireo.engine.serial import Serial
from vireo.language.minilm import package_directory
from vireo.video.base import DIALOGUE_SCHEMA, FEATURE_SCHEMA, VideoFeatures


def context(cache: Path, seed: int = 0, progress: Progress | None = None) -> Context:
    return Context(
        engine=Serial(EngineSection()), cache=cache, progress=progress or NullProgress(), seed=seed
    )


def tiny_model(directory: Path, hidden: int = 32) -> Path:
    """A BERT of random weights with MiniLM's tokenizer: real, and small enough to train."""
    import torch
    from transformers import BertConfig, BertModel

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        settings = BertConfig(
            hidden_size=hidden,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=2 * hidden,
            max_position_embeddings=128,
            initializer_range=0.2,
        )
        BertModel(settings).save_pretrained(directory)
    shutil.copy(package_directory() / "tokenizer.json", directory / "tokenizer.json")
    return directory


def tables(rows: Sequence[Mapping[str, Any]], comments: Sequence[Mapping[str, Any]] = ()) -> Tables:
    """Tables whose rows name only the columns that matter."""
    frames = {
        "videos": pl.DataFrame([dict.fromkeys(VIDEO_SCHEMA) | dict(r) for r in rows], VIDEO_SCHEMA),
        "comments": pl.DataFrame(
            [dict.fromkeys(COMMENT_SCHEMA) | dict(r) for r in comments], COMMENT_SCHEMA
        ),
    }
    return Tables(frames, allowed=tuple(frames))


def unseen(
    tables: Tables,
    subtitles: Sequence[tuple[str, float, str]] = (),
    shown: Sequence[tuple[str, float, str]] = (),
) -> VideoFeatures:
    """No picture and no sound; subtitles, and what is shown, as (video_id, start, text)."""
    n = tables.videos.height
    none, no = np.zeros((n, 1), dtype=np.float32), np.zeros(n, dtype=bool)
    lines = [(video, start, start + 1, text, "subtitles") for video, start, text in subtitles]
    lines += [(video, start, start + 1, text, "screen") for video, start, text in shown]
    return VideoFeatures(
        table=pl.DataFrame(schema=FEATURE_SCHEMA),
        picture=none,
        has_picture=no,
        audio=none,
        has_audio=no,
        dialogue=pl.DataFrame(lines, schema=DIALOGUE_SCHEMA, orient="row"),
        info={},
    )


def movies(folder: Path, count: int) -> Tables:
    """The first `count` movies with a plot, title without its year."""
    frame = pl.read_parquet(folder / "movie_text.parquet").filter(pl.col("text").is_not_null())
    rows = [
        {
            "video_id": str(row["movie_id"]),
            "title": row["title"].rsplit(" (", 1)[0],
            "description": row["text"],
            "tags": row["genres"].split("|"),
        }
        for row in frame.head(count).iter_rows(named=True)
    ]
    return tables(rows)


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
