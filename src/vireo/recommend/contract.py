"""Contract suite of steps: a test class to inherit for a retriever, ranker, rule or explainer.

class TestMine(StepContract):
    step = MyRule
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl

from vireo.arrays import Floats
from vireo.behavior.base import History
from vireo.engine.base import Context, EngineSection
from vireo.engine.progress import NullProgress
from vireo.engine.serial import Serial
from vireo.interest.base import Expert, InterestModel, InterestSection, Training
from vireo.interest.content import Content
from vireo.interest.contract import training_of
from vireo.interest.popularity import Popularity
from vireo.recommend.base import Query, RecommendSection, Slate
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.context import StepContext

N_VIDEOS = 8


def small_context(context: Context) -> StepContext:
    """Eight videos in two tastes, fitted for real; the last two were never watched."""
    content = np.eye(2, dtype=np.float32)[[0, 0, 0, 1, 1, 1, 0, 1]]
    lists = [[0, 1, 2], [1, 2, 0], [0, 2], [3, 4, 5], [4, 5, 3], [5, 3], [1, 0, -5]]
    training = training_of(lists, N_VIDEOS, content)
    section = InterestSection()
    experts: dict[str, Expert] = {
        "popularity": Popularity.fit(training, section, context),
        "content": Content.fit(training, section, context),
    }
    weights = {"popularity": 0.3, "content": 0.7}
    model = InterestModel(experts, weights, content, {}, training.warm)
    return StepContext(_catalogue(training, content), model, RecommendSection())


def _catalogue(training: Training, content: Floats) -> Catalogue:
    topics = content.argmax(axis=1).astype(np.int64)
    table = pl.DataFrame(
        {
            "video_id": [f"v{row}" for row in range(N_VIDEOS)],
            "title": [f"Video {row}" for row in range(N_VIDEOS)],
            "creator": pl.Series([None] * N_VIDEOS, dtype=pl.String),
            "category": pl.Series([None] * N_VIDEOS, dtype=pl.String),
            "topic": [f"topic {topic}" for topic in topics],
            "published_at": pl.Series([None] * N_VIDEOS, dtype=pl.Int64),
        }
    )
    viewers = training.user_counts.astype(np.int64)
    return Catalogue(table, topics, viewers, viewers, content, content)


def queries() -> Iterator[Query]:
    """Known and unknown viewers, with and without a sentence, short and long lists."""
    taste = History(np.array([0, 3]), np.array([1.0, -1.0], np.float32), np.array([1, 2]))
    for history in (taste, History.empty()):
        for k in (1, 3, 50):
            query = Query("ana", history, k)
            yield query
            vector = np.array([0.0, 1.0], dtype=np.float32)
            yield replace(query, text="the other taste", text_vector=vector)


def slates() -> Iterator[Slate]:
    """An empty slate, and scored ones of one and of all videos."""
    yield Slate.empty()
    for size in (1, N_VIDEOS):
        scores = np.linspace(1, 0, size, dtype=np.float32)
        yield Slate(np.arange(size), {"popularity": scores}, scores)


class StepContract:
    """Inherit and set `step`, a class made from a StepContext."""

    step: ClassVar[Any]

    def walks(self, tmp_path: Path) -> Iterator[tuple[Query, Slate, Slate]]:
        """Every query with every slate, before and after the step."""
        context = Context(Serial(EngineSection()), tmp_path, NullProgress(), seed=3)
        made = self.step(small_context(context))
        for query in queries():
            for slate in slates():
                yield query, slate, made(query, slate)

    def test_candidates_are_rows_of_the_catalogue_without_repeats(self, tmp_path: Path) -> None:
        for _, _, after in self.walks(tmp_path):
            rows = after.videos.tolist()
            assert len(rows) == len(set(rows))
            assert all(0 <= row < N_VIDEOS for row in rows)

    def test_columns_stay_as_long_as_the_slate_and_finite(self, tmp_path: Path) -> None:
        for _, _, after in self.walks(tmp_path):
            columns = [*after.sources.values(), after.scores, np.array(after.reasons)]
            assert all(len(column) in (0, len(after)) for column in columns)
            assert all(np.isfinite(values).all() for values in after.sources.values())

    def test_the_slate_that_came_in_is_not_changed(self, tmp_path: Path) -> None:
        for _, before, _ in self.walks(tmp_path):
            twin = next(slate for slate in slates() if len(slate) == len(before))
            np.testing.assert_array_equal(before.videos, twin.videos)
            np.testing.assert_array_equal(before.scores, twin.scores)

    def test_the_same_question_gives_the_same_answer(self, tmp_path: Path) -> None:
        for (_, _, one), (_, _, two) in zip(
            self.walks(tmp_path), self.walks(tmp_path), strict=True
        ):
            np.testing.assert_array_equal(one.videos, two.videos)
            np.testing.assert_array_equal(one.scores, two.scores)
            assert one.reasons == two.reasons
