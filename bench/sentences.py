"""What a sentence is worth: python -m bench.sentences --data DIR --out bench/results/sentence.json

MovieLens-1M with plots. A fourth of the viewers is set aside: nothing is fitted on them, and of
each one only a sentence is known, the tags of three random films of theirs. All their other films
count. The map of tastes (vireo/recommend/taste) is learnt from the others, who also choose its
settings and whether it is used. Lists as they are shipped, against popularity, against nearness of
text alone, and against the lists without the map.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bench.base import Interactions
from bench.datasets.movielens import read
from bench.diversity import histories_of
from bench.world import unseen
from bench.write_result import made_by, tell
from vireo.arrays import Doubles, Floats, Ints
from vireo.behavior.base import Histories, History
from vireo.config import Config
from vireo.data.base import VIDEO_SCHEMA, Tables
from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.serial import Serial
from vireo.evaluation.bootstrap import interval, resampled_means
from vireo.interest.base import InterestModel
from vireo.language import load, query_texts
from vireo.pretraining.base import Checkpoint
from vireo.recommend.base import Query
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.recommender import Recommender
from vireo.recommend.text_preference.synthetic_queries import SyntheticQuery, cases_of, words_of
from vireo.recommend.text_preference.training import K, ReadTexts, learn
from vireo.understanding.base import Understanding
from vireo.understanding.build import build as understand

ASIDE = 1500
"""Cold-start users with a text."""


def described(
    found: Interactions, histories: Histories, context: Context
) -> tuple[Catalogue, ReadTexts]:
    """The catalogue with text vectors and tags as a build makes them, and what reads sentences."""
    rows = [
        {
            "video_id": item.id,
            "title": item.title,
            "description": item.description,
            "tags": list(item.tags),
        }
        for item in found.catalogue
    ]
    videos, config = pl.DataFrame(rows, schema=VIDEO_SCHEMA), Config()
    made: Understanding = understand(
        Tables({"videos": videos}),
        unseen(videos),
        Checkpoint(None),
        config.understanding,
        config.language,
        context,
    )
    language = load(config.language, context)

    def read_texts(sentences: Sequence[str]) -> Floats:
        return made.project(language.embed(sentences), query_texts(sentences))

    columns = ("video_id", "title", "creator", "category", "published_at")
    table = videos.select(*columns, topic=pl.lit(None, pl.String))
    viewers = histories.user_counts()
    terms = videos.select("tags")
    return Catalogue(
        table, made.topic_of, viewers, viewers, made.vectors, made.vectors, terms
    ), read_texts


def part_of(histories: Histories, users: Ints) -> Histories:
    """Only these viewers, in this order."""
    rows = [histories.row(user) for user in users.tolist()]
    return Histories(
        user_ids=tuple(histories.user_ids[user] for user in users.tolist()),
        n_videos=histories.n_videos,
        offsets=np.cumsum([0, *(len(row) for row in rows)]).astype(np.int64),
        videos=np.concatenate([row.videos for row in rows]),
        weights=np.concatenate([row.weights for row in rows]),
        times=np.concatenate([row.times for row in rows]),
        sessions=np.zeros(sum(len(row) for row in rows), dtype=np.int64),
    )


def shipped(catalogue: Catalogue, cases: Sequence[SyntheticQuery], vectors: Floats) -> list[Ints]:
    """The lists that strangers get for their sentences, all default rules on."""
    maker = Recommender(catalogue, InterestModel({}, {}, catalogue.content), Config().recommend)
    return [
        maker.rows(
            Query(
                f"new {at}",
                History.empty(),
                K,
                case.sentence,
                vector,
                exclude=frozenset(case.picked.tolist()),
            )
        )
        for at, (case, vector) in enumerate(zip(cases, vectors, strict=True))
    ]


def best(scores: Sequence[Floats], cases: Sequence[SyntheticQuery]) -> list[Ints]:
    """The films with the highest scores, those behind the sentence left out."""
    lists = []
    for own, case in zip(scores, cases, strict=True):
        left = own.astype(np.float64)
        left[case.picked] = -np.inf
        lists.append(np.argsort(-left, kind="stable")[:K])
    return lists


def ndcg(lists: Sequence[Ints], cases: Sequence[SyntheticQuery]) -> Doubles:
    """NDCG@10 per viewer. (u,)"""
    discounts = 1.0 / np.log2(np.arange(2, K + 2))
    hits = [np.isin(rows, case.targets) for rows, case in zip(lists, cases, strict=True)]
    ideal = [discounts[: len(case.targets)].sum() for case in cases]
    gains = [discounts[: len(hit)][hit].sum() for hit in hits]
    return np.asarray(np.array(gains) / np.array(ideal))


def measured(
    catalogue: Catalogue, read_texts: ReadTexts, cases: Sequence[SyntheticQuery], seed: int
) -> dict[str, Any]:
    """NDCG@10 of every system on the same viewers, and what the shipped lists gain."""
    vectors = read_texts([case.sentence for case in cases])
    plain = replace(catalogue, text_preference=None)
    popular = catalogue.user_counts.astype(np.float32)
    values = {
        "vireo": ndcg(shipped(catalogue, cases, vectors), cases),
        "vireo without the map of tastes": ndcg(shipped(plain, cases, vectors), cases),
        "popularity": ndcg(best([popular] * len(cases), cases), cases),
        "text kNN": ndcg(best(list(vectors @ catalogue.text.T), cases), cases),
    }
    over = {}
    for name, base in values.items():
        if name == "vireo":
            continue
        draws = resampled_means(np.stack([values["vireo"], base], axis=1), seed)
        low, high = interval(draws[:, 0] / draws[:, 1] - 1)
        change = float(values["vireo"].mean() / base.mean() - 1)
        over[name] = {"change": round(change, 4), "interval": [round(low, 4), round(high, 4)]}
    figures = {name: round(float(own.mean()), 4) for name, own in values.items()}
    return {"ndcg@10": figures, "chosen": "vireo", "over": over, "example": cases[0].sentence}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("bench/.work/cache"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    context = Context(Serial(EngineSection()), given.cache, NullProgress(), given.seed)
    found = read(given.data)
    histories = histories_of(found, np.ones(len(found.items), dtype=np.bool_))
    users = np.random.default_rng(given.seed).permutation(len(histories))
    aside, others = users[:ASIDE], part_of(histories, np.sort(users[ASIDE:]))
    catalogue, read_texts = described(found, others, context)
    section = Config().recommend
    taste = learn(catalogue, others, read_texts, section, given.seed)
    catalogue = replace(catalogue, text_preference=taste)
    draw = np.random.default_rng(given.seed + 1)
    cases = cases_of(histories, words_of(catalogue), aside.tolist(), draw)
    result = {
        **made_by("bench.sentences"),
        "users": len(cases),
        "fitted_on": min(len(others), section.text_preference.users) * 8 // 10,
        "chosen_on": min(len(others), section.text_preference.users) // 10,
        "map": dict(taste.report) if taste else {},
        **measured(catalogue, read_texts, cases, given.seed),
    }
    tell(result, given.out)


if __name__ == "__main__":
    main()
