"""A learned ranker is adopted where more than the scores decides, and refused where it is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from vireo.behavior.base import Histories
from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.serial import Serial
from vireo.interest.base import Expert, InterestModel, InterestSection
from vireo.interest.content import Content
from vireo.interest.contract import training_of
from vireo.recommend.base import Query, RecommendSection
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.rank.lambdamart_model import LambdaMartModel
from vireo.recommend.rank.lambdamart_training import learn
from vireo.recommend.recommender import Recommender

pytest.importorskip("lightgbm")

N = 120
SHORT = np.arange(N) % 4 == 0
"""A quarter of the videos, whom `short_first` makes everybody want."""


def world(tmp_path: Path, short_first: bool) -> tuple[Catalogue, InterestModel, Histories, Context]:
    """300 viewers with eight videos each; nobody is like anybody."""
    random = np.random.default_rng(0)
    share = np.where(SHORT, 9.0, 1.0) if short_first else np.ones(N)
    users = [random.choice(N, 8, replace=False, p=share / share.sum()).tolist() for _ in range(300)]
    training = training_of(users, N)
    context = Context(Serial(EngineSection()), tmp_path, NullProgress(), 0)
    # The only expert knows nothing: what it reads of the videos is noise.
    experts: dict[str, Expert] = {"content": Content(training.content)}
    model = InterestModel(experts, {"content": 1.0}, training.content)
    nothing = pl.Series([None] * N, dtype=pl.String)
    table = pl.DataFrame({"video_id": [f"v{row}" for row in range(N)]}).with_columns(
        title=pl.col("video_id"),
        creator=nothing,
        category=nothing,
        topic=nothing,
        published_at=pl.Series([None] * N, dtype=pl.Int64),
    )
    terms = pl.DataFrame({"duration": np.where(SHORT, 60.0, 3600.0)})
    viewers = training.histories.user_counts()
    topics = np.full(N, -1, dtype=np.int64)
    content = training.content
    catalogue = Catalogue(table, topics, viewers, viewers, content, content, given_terms=terms)
    return catalogue, model, training.histories, context


SECTION = RecommendSection.model_validate({"ranker": {"enabled": True}, "rules": ["seen"]})


def learnt(tmp_path: Path, short_first: bool) -> tuple[LambdaMartModel, Recommender, Query]:
    catalogue, model, histories, context = world(tmp_path, short_first)
    trees = learn(model, catalogue, histories, InterestSection(), SECTION, context)
    maker = Recommender(replace(catalogue, trees=trees), model, SECTION)
    return trees, maker, Query("ana", histories.row(0), 10, now=histories.now)


def test_trees_that_gain_are_adopted_and_used(tmp_path: Path) -> None:
    trees, maker, query = learnt(tmp_path, short_first=True)
    assert trees.report["adopted"]
    low, high = trees.report["change"]
    assert 0 < low < high
    slate = maker.slate(query)
    assert SHORT[slate.videos].mean() >= 0.9, "whoever likes short videos gets them"
    assert list(slate.scores) == sorted(slate.scores, reverse=True)


def test_trees_without_a_gain_are_not_used(tmp_path: Path) -> None:
    trees, maker, query = learnt(tmp_path, short_first=False)
    assert not trees.report["adopted"]
    catalogue, model, _, _ = world(tmp_path, short_first=False)
    plain = Recommender(catalogue, model, RecommendSection(rules=("seen",)))
    assert maker.rows(query).tolist() == plain.rows(query).tolist()


def test_trees_are_text_and_read_back(tmp_path: Path) -> None:
    trees, _, _ = learnt(tmp_path, short_first=True)
    trees.save(tmp_path)
    again = LambdaMartModel.load(tmp_path)
    assert again == trees
    assert (tmp_path / "ranker.txt").read_text(encoding="utf-8").startswith("tree")
    rows = np.random.default_rng(0).normal(size=(5, 7))
    np.testing.assert_array_equal(again.booster.predict(rows), trees.booster.predict(rows))
    assert LambdaMartModel.load(tmp_path / "nothing") is None


def test_too_few_viewers_teach_nothing(tmp_path: Path) -> None:
    catalogue, model, _, context = world(tmp_path, short_first=True)
    few = training_of([[0, 1, 2]] * 9, N).histories
    trees = learn(model, catalogue, few, InterestSection(), SECTION, context)
    assert not trees.report["adopted"]
    assert "viewers could be held back" in trees.report["why"]
