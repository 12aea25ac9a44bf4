"""What records by a model that writes would cost: tokens of 10,000 videos, by the dry run.

    python -m bench.cost --data ../shared/data --out bench/results/cost.json

The prompts are the build's own, for TED's talks (long dialogue) and MovieLens-1M's plots (short
texts); the dry run counts them and sends nothing.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from bench.datasets import ted
from bench.embedding import processor
from bench.menu import ROOT
from bench.pretrain import videos_of
from vireo.artifacts.files import write_json
from vireo.data.base import VIDEO_SCHEMA
from vireo.language import VideoTexts, texts_of
from vireo.language.generate.base import GenerationSection
from vireo.language.generate.tokens import count_tokens
from vireo.language.generate.wording import messages_of
from vireo.understanding.written import prompt_of
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
        "command": f"python -m bench.cost {' '.join(sys.argv[1:])}",
        "date": datetime.now(UTC).date().isoformat(),
        "machine": processor(),
        "answer_tokens": GenerationSection().answer_tokens,
        "input_tokens": GenerationSection().input_tokens,
        "videos": VIDEOS,
    }
    write_json(given.out, about | {"rows": rows})
    print(rows)


def plots(data: Path) -> pl.DataFrame:
    """MovieLens-1M's films in VIDEO_SCHEMA."""
    movies = (data / "ml-1m" / "movies.dat").read_text(encoding="latin-1").splitlines()
    ids = {int(line.split("::")[0]) for line in movies}
    frame = pl.read_parquet(data / "movie-text" / "movie_text.parquet")
    kept = frame.filter(pl.col("movie_id").is_in(ids), pl.col("text").is_not_null())
    rows = [
        dict.fromkeys(VIDEO_SCHEMA)
        | {
            "video_id": str(row["movie_id"]),
            "title": row["title"],
            "description": row["text"],
            "tags": row["genres"].split("|"),
        }
        for row in kept.iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=VIDEO_SCHEMA)


def _row(name: str, videos: pl.DataFrame) -> dict[str, Any]:
    texts = texts_of(videos, pl.DataFrame(schema=DIALOGUE_SCHEMA))
    sent = sum(sent_of(texts)) / len(texts)
    most = GenerationSection().answer_tokens
    return {
        "catalogue": name,
        "videos": len(texts),
        "tokens_in_per_video": round(sent, 1),
        "tokens_in": round(sent * VIDEOS),
        "most_tokens_out": most * VIDEOS,
    }


def sent_of(texts: VideoTexts) -> list[int]:
    """Tokens that each video's prompt has, as the dry run counts them."""
    room = GenerationSection().input_tokens
    prompts = (prompt_of(texts, row, room) for row in range(len(texts)) if texts.sources(row))
    return count_tokens([messages_of(prompt).text for prompt in prompts])


if __name__ == "__main__":
    main()
