"""A made-up world of any size, with every column that a rule asks for and the usual experts."""

from __future__ import annotations

import numpy as np
import polars as pl

from vireo.arrays import Floats, Ints, unit_rows
from vireo.behavior.base import Histories, History
from vireo.interest.als import ImplicitMF
from vireo.interest.base import Expert, InterestModel, SequenceSection
from vireo.interest.content import Content
from vireo.interest.next_item import NextItem
from vireo.interest.popularity import Popularity, RecentPopularity
from vireo.interest.sequence.build_network import build_sequence_network
from vireo.interest.sequence.expert import Sequence
from vireo.interest.sequence.onnx_export import onnx_graph
from vireo.recommend.base import Query
from vireo.recommend.catalogue import Catalogue
from vireo.store.base import UserAttributes

NOW = 1_704_103_200_000  # Monday 1 January 2024, 10:00 UTC
DAY = 86_400_000
TOPICS = 200
TASTE = 64
"""Length of the vectors of `factors` and `sequence`."""
FOLLOWED = 4000
"""The most watched videos, of which `next` has weights (its default memory holds 16,000)."""


def world(n: int, dimension: int, seed: int) -> tuple[Catalogue, InterestModel]:
    """n videos in TOPICS clusters; a fortieth of them was never watched."""
    rng = np.random.default_rng(seed)
    topic_of = rng.integers(0, TOPICS, n)
    content = _clustered(topic_of, dimension, rng)
    viewers = np.where(rng.random(n) < 0.025, 0, rng.zipf(1.5, n).clip(0, 10**6)).astype(np.int64)
    recent = rng.binomial(viewers.clip(0, 10_000), 0.05)
    catalogue = Catalogue(
        _table(topic_of, rng),
        topic_of,
        viewers,
        recent,
        content,
        content,
        given_terms=_terms(n, rng),
    )
    catalogue.__dict__["unit_content"] = content  # of length 1 already
    warm = viewers > 0
    taste = _clustered(topic_of, TASTE, rng) * warm[:, None]
    experts: dict[str, Expert] = {
        "popularity": Popularity(viewers.astype(np.float64)),
        "recent-popularity": RecentPopularity(recent.astype(np.float64)),
        "content": Content(content),
        "als": ImplicitMF(taste.astype(np.float32)),
        "sequence": _sequence(_clustered(topic_of, TASTE, rng), rng),
        "next-item": _next(viewers, topic_of, rng),
    }
    weights = dict.fromkeys(experts, 0.2) | {"popularity": 0.1, "recent-popularity": 0.1}
    return catalogue, InterestModel(experts, weights, content, {}, warm)


def _clustered(topic_of: Ints, dimension: int, rng: np.random.Generator) -> Floats:
    """(n, d) of length 1: the topic's direction and as much of the video's own."""
    centres = rng.standard_normal((TOPICS, dimension), dtype=np.float32)
    rows = rng.standard_normal((len(topic_of), dimension), dtype=np.float32)
    for start in range(0, len(rows), 65_536):  # in place: a million rows are gigabytes
        part = slice(start, start + 65_536)
        rows[part] = unit_rows(rows[part] + centres[topic_of[part]])
    return rows


def _sequence(table: Floats, rng: np.random.Generator) -> Sequence:
    """The usual small network, not trained: it takes as long as a trained one."""
    settings = SequenceSection()
    network = build_sequence_network(settings, n_videos=1)
    arrays = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    bias = rng.normal(scale=0.1, size=len(table)).astype(np.float32)
    arrays |= {"item_embedding.weight": table, "item_bias": bias}
    norms = np.ones(len(table), dtype=np.float32)
    return Sequence(settings, arrays, norms, graph=onnx_graph(settings, arrays))


def _next(viewers: Ints, topic_of: Ints, rng: np.random.Generator) -> NextItem:
    """Weights from every video to those of its topic."""
    videos = np.sort(np.argsort(-viewers, kind="stable")[:FOLLOWED])
    same = topic_of[videos][:, None] == topic_of[videos][None, :]
    noise = rng.standard_normal((len(videos), len(videos)), dtype=np.float32)
    block = (0.1 * same + 0.01 * noise).astype(np.float32)
    return NextItem(videos, (0.7, 6.0, 30.0), np.vstack([block] * 3), len(viewers))


def _table(topic_of: Ints, rng: np.random.Generator) -> pl.DataFrame:
    n = len(topic_of)
    return pl.DataFrame(
        {
            "video_id": [f"v{row}" for row in range(n)],
            "title": [f"Video {row}" for row in range(n)],
            "creator": [f"creator {row}" for row in rng.integers(0, n // 20 + 1, n)],
            "category": [f"category {topic % 20}" for topic in topic_of],
            "topic": [f"topic {topic}" for topic in topic_of],
            "published_at": NOW - rng.integers(0, 700, n) * DAY,
        }
    )


def _terms(n: int, rng: np.random.Generator) -> pl.DataFrame:
    """A fifth of the videos bears each restriction; a tenth needs another video first."""
    some = rng.random((6, n)) < 0.2
    needed = rng.integers(0, n, n)
    return pl.DataFrame(
        {
            "language": np.where(some[0], "de", "en"),
            "age_rating": np.where(some[1], 18, 6),
            "level": rng.integers(1, 4, n),
            "available_until": NOW + np.where(some[2], -1, 1) * DAY,
            "schedule": np.where(some[5], "Tue 08:00-20:00", "Mon 08:00-20:00; Sat 20:00-23:00"),
            "series": [f"series {row}" for row in rng.integers(0, n // 10 + 1, n)],
            "episode": rng.integers(1, 20, n),
        }
    ).with_columns(
        access=_lists(some[3], ["staff"] * n),
        regions=_lists(some[4], ["DE"] * n),
        needs=_lists(some[0] & some[1], [f"v{row}" for row in needed]),
    )


def _lists(marks: np.ndarray, words: list[str]) -> pl.Series:
    cells = [[word] if mark else None for mark, word in zip(marks.tolist(), words, strict=True)]
    return pl.Series(cells, dtype=pl.List(pl.String))


def queries(catalogue: Catalogue, count: int, seed: int) -> list[Query]:
    """Viewers with 50 videos each, in three topics, 100 impressions, and what rules ask of them."""
    rng = np.random.default_rng(seed)
    viewer = UserAttributes("ana", 30.0, "DE", ("en",), ("staff",))
    asked = []
    for number in range(count):
        liked = np.isin(catalogue.topic_of, rng.integers(0, TOPICS, 3))
        rows = rng.choice(np.flatnonzero(liked), 50, replace=False)
        times = NOW - np.sort(rng.integers(1, 60, 50))[::-1] * DAY
        history = History(rows, np.ones(50, dtype=np.float32), times.astype(np.int64))
        shown = {int(row): 2 for row in rng.integers(0, len(catalogue), 100)}
        query = Query(
            f"user {number}",
            history,
            20,
            now=NOW,
            attributes=viewer,
            impressions=shown,
            requested_at=NOW,
        )
        asked.append(query)
    return asked


def histories_of(catalogue: Catalogue, users: int, seed: int) -> Histories:
    """The same viewers as a table, for the indexes to be tuned on."""
    rows = [query.history for query in queries(catalogue, users, seed)]
    counts = [len(history) for history in rows]
    return Histories(
        user_ids=tuple(f"user {row}" for row in range(users)),
        n_videos=len(catalogue),
        offsets=np.cumsum([0, *counts]).astype(np.int64),
        videos=np.concatenate([history.videos for history in rows]),
        weights=np.concatenate([history.weights for history in rows]),
        times=np.concatenate([history.times for history in rows]),
        sessions=np.zeros(sum(counts), dtype=np.int64),
    )
