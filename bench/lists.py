"""How long one list takes: python bench/lists.py --videos 100000 --lists 200 --out FILE.json

Generated vectors and histories, every rule on, one process, warm. Reports the median, the 99th
percentile and where the time goes, as JSON with the command that made it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

from vireo.arrays import unit_rows
from vireo.behavior.base import History
from vireo.interest.base import InterestModel
from vireo.interest.content import Content
from vireo.interest.factors import Factors
from vireo.interest.popularity import Popularity
from vireo.recommend.base import Query
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.menu import RULES
from vireo.recommend.recommender import Recommender
from vireo.recommend.section import RecommendSection
from vireo.store.base import Viewer

NOW = 1_704_103_200_000  # Monday 1 January 2024, 10:00 UTC
DAY = 86_400_000
TOPICS = 200


def world(n: int, dimension: int, seed: int) -> tuple[Catalogue, InterestModel]:
    """n videos in TOPICS clusters, with every column that a rule asks for."""
    rng = np.random.default_rng(seed)
    topic_of = rng.integers(0, TOPICS, n)
    centres = rng.normal(size=(TOPICS, dimension)).astype(np.float32)
    noise = rng.normal(size=(n, dimension)).astype(np.float32)
    content = unit_rows(centres[topic_of] + noise)
    viewers = np.where(rng.random(n) < 0.05, 0, rng.zipf(1.5, n).clip(0, 10**6))
    table = pl.DataFrame(
        {
            "video_id": [f"v{row}" for row in range(n)],
            "title": [f"Video {row}" for row in range(n)],
            "creator": [f"creator {row}" for row in rng.integers(0, n // 20 + 1, n)],
            "category": [f"category {topic % 20}" for topic in topic_of],
            "topic": [f"topic {topic}" for topic in topic_of],
            "published_at": NOW - rng.integers(0, 700, n) * DAY,
        }
    )
    some = rng.random((5, n)) < 0.2
    terms = pl.DataFrame(
        {
            "language": np.where(some[0], "de", "en"),
            "age_rating": np.where(some[1], 18, 6),
            "level": rng.integers(1, 4, n),
            "available_until": NOW + np.where(some[2], -1, 1) * DAY,
            "schedule": ["Mon 08:00-20:00"] * n,
            "series": [f"series {row}" for row in rng.integers(0, n // 10 + 1, n)],
            "episode": rng.integers(1, 20, n),
        }
    ).with_columns(
        access=pl.Series(
            [["staff"] if mark else None for mark in some[3]], dtype=pl.List(pl.String)
        ),
        regions=pl.Series([["DE"] if mark else None for mark in some[4]], dtype=pl.List(pl.String)),
    )
    catalogue = Catalogue(table, topic_of, viewers, viewers, content, content, given_terms=terms)
    taste = unit_rows(content[:, :32] + 0.1 * noise[:, :32])
    experts = {
        "popularity": Popularity(viewers.astype(np.float64)),
        "content": Content(content),
        "factors": Factors(taste, 0.05, 10.0),
    }
    weights = {"popularity": 0.2, "content": 0.4, "factors": 0.4}
    return catalogue, InterestModel(experts, weights, content, {}, viewers > 0)


def queries(catalogue: Catalogue, count: int, seed: int) -> list[Query]:
    """Viewers with 50 videos each, in three topics."""
    rng = np.random.default_rng(seed)
    viewer = Viewer("ana", 30.0, "DE", ("en",), ("staff",))
    asked = []
    for number in range(count):
        liked = np.isin(catalogue.topic_of, rng.integers(0, TOPICS, 3))
        rows = rng.choice(np.flatnonzero(liked), 50, replace=False)
        times = NOW - np.sort(rng.integers(1, 60, 50))[::-1] * DAY
        history = History(rows, np.ones(50, dtype=np.float32), times.astype(np.int64))
        shown = {int(row): 2 for row in rng.integers(0, len(catalogue), 100)}
        query = Query(
            f"user {number}", history, 20, now=NOW, viewer=viewer, impressions=shown, asked_at=NOW
        )
        asked.append(query)
    return asked


def measure(n: int, dimension: int, lists: int, seed: int) -> dict[str, object]:
    """Seconds of one list of 20, every rule on."""
    catalogue, model = world(n, dimension, seed)
    section = RecommendSection(
        rules=tuple(RULES.names()),
        calibration=0.2,
        creator_cap=2,
        freshness=0.2,
        explore_share=0.1,
        max_age_days=600,
    )
    maker = Recommender(catalogue, model, section)
    asked = queries(catalogue, lists + 5, seed + 1)
    for query in asked[:5]:
        maker.recommend(query)
    seconds = []
    for query in asked[5:]:
        start = time.perf_counter()
        picks = maker.recommend(query)
        seconds.append(time.perf_counter() - start)
        if len(picks) != query.k:
            raise SystemExit(f"a list has {len(picks)} entries instead of {query.k}")
    return {
        "videos": n,
        "dimension": dimension,
        "lists": lists,
        "rules": len(section.rules),
        "median_ms": round(1000 * float(np.median(seconds)), 2),
        "p99_ms": round(1000 * float(np.quantile(seconds, 0.99)), 2),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--lists", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    found = measure(given.videos, given.dimension, given.lists, given.seed)
    text = json.dumps({"command": ["python", *sys.argv], **found}, indent=1)
    print(text)
    if given.out:
        given.out.write_text(text + "\n", encoding="utf-8")
