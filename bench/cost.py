"""Cost of records by an LLM: tokens of 10,000 videos, by the dry run.

    python -m bench.cost --data ../shared/data --out bench/results/cost.json

The prompts are the build's own, for TED's talks (long dialogue) and MovieLens-1M's plots (short
texts); the dry run counts them and sends nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import polars as pl

from bench.datasets import movielens, ted
from bench.pretrain import videos_of
from bench.system_registry import ROOT
from bench.write_result import made_by, tell
from vireo.data.base import VIDEO_SCHEMA
from vireo.language import VideoTexts, texts_of
from vireo.language.generate.base import GenerationSection
from vireo.language.generate.budget import count_tokens
from vireo.language.generate.messages import messages_of
from vireo.understanding.llm_records import prompt_of
from vireo.video.base import DIALOGUE_SCHEMA

VIDEOS = 10_000


def main() -> None:
    """Count, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    talks = videos_of(ted.read(given.data))
    rows = [_row("TED's talks, whole dialogues", talks), _row("plots of films", plots(given.data))]
    about = {
        **made_by("bench.cost"),
        "answer_tokens": GenerationSection().max_output_tokens,
        "input_tokens": GenerationSection().max_input_tokens,
        "videos": VIDEOS,
    }
    tell({**about, "rows": rows}, given.out)


def plots(data: Path) -> pl.DataFrame:
    """MovieLens-1M's films in VIDEO_SCHEMA."""
    rows = [
        dict.fromkeys(VIDEO_SCHEMA)
        | {
            "video_id": str(row["movie_id"]),
            "title": row["title"],
            "description": row["text"],
            "tags": row["genres"].split("|"),
        }
        for row in movielens.plots(data).iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=VIDEO_SCHEMA)


def _row(name: str, videos: pl.DataFrame) -> dict[str, Any]:
    texts = texts_of(videos, pl.DataFrame(schema=DIALOGUE_SCHEMA))
    sent = sum(sent_of(texts)) / len(texts)
    most = GenerationSection().max_output_tokens
    return {
        "catalogue": name,
        "videos": len(texts),
        "tokens_in_per_video": round(sent, 1),
        "tokens_in": round(sent * VIDEOS),
        "most_tokens_out": most * VIDEOS,
    }


def sent_of(texts: VideoTexts) -> list[int]:
    """Tokens that each video's prompt has, as the dry run counts them."""
    room = GenerationSection().max_input_tokens
    prompts = (prompt_of(texts, row, room) for row in range(len(texts)) if texts.sources(row))
    return count_tokens([messages_of(prompt).text for prompt in prompts])


if __name__ == "__main__":
    main()
