"""Small catalogues and experts whose right lists are known by construction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl

from vireo.arrays import Floats
from vireo.behavior.base import History
from vireo.engine import Context
from vireo.engine.progress import Progress
from vireo.interest.base import Batch, InterestModel, InterestSection, Training
from vireo.language.generate import GeneratedValue, Prompt
from vireo.recommend.base import Query, RecommendSection
from vireo.recommend.catalogue import KNOWN, Catalogue
from vireo.recommend.context import StepContext

Reply = Callable[[Prompt[Any]], GeneratedValue[Any]]


class Written:
    """A generator whose answers are known."""

    name, fingerprint, remote = "test model", "1", False

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.prompts: list[Prompt[Any]] = []

    def generate(
        self, prompts: Sequence[Prompt[Any]], progress: Progress | None = None
    ) -> list[GeneratedValue[Any]]:
        self.prompts.extend(prompts)
        return [self._reply(prompt) for prompt in prompts]


class Neighbours:
    """Scores = history @ likeness: linear, so that its contributions are exact."""

    name: ClassVar[str] = "ease"
    scores_cold_items: ClassVar[bool] = False

    def __init__(self, likeness: Floats) -> None:
        self._likeness = likeness

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        return cls(np.eye(training.n_videos, dtype=np.float32))

    def score(self, batch: Batch) -> Floats:
        scores: Floats = np.asarray(batch.positives @ self._likeness, dtype=np.float32)
        return scores

    def contributions(self, history: History, video: int) -> Floats | None:
        shares: Floats = np.where(history.weights > 0, self._likeness[history.videos, video], 0)
        return shares.astype(np.float32)

    def save(self, directory: Path) -> None:
        raise AssertionError("not saved in these tests")

    @classmethod
    def load(cls, directory: Path) -> Self:
        raise AssertionError("not loaded in these tests")


def history(videos: Sequence[int], weights: Sequence[float] | None = None) -> History:
    return History(
        np.array(videos, dtype=np.int64),
        np.array(weights if weights is not None else [1.0] * len(videos), dtype=np.float32),
        np.arange(len(videos), dtype=np.int64),
    )


def context(
    topics: Sequence[int],
    viewers: Sequence[int],
    terms: Mapping[str, Sequence[object]] | None = None,
    **settings: object,
) -> StepContext:
    """One video per entry of `topics`; videos of one topic share their content and neighbours.

    `terms` holds columns of KNOWN, `creator`, `category` or `published_at`.
    """
    given = dict(terms or {})
    n = len(topics)
    content = np.eye(max(topics) + 1, dtype=np.float32)[list(topics)]
    names = [f"topic {topic}" for topic in topics]
    table = pl.DataFrame(
        {
            "video_id": [f"v{i}" for i in range(n)],
            "title": [f"Video {i}" for i in range(n)],
            "creator": pl.Series(values=given.pop("creator", [None] * n), dtype=pl.String),
            "category": pl.Series(values=given.pop("category", [None] * n), dtype=pl.String),
            "published_at": pl.Series(
                values=given.pop("published_at", list(range(n))), dtype=pl.Int64
            ),
            "topic": names,
        }
    )
    seen = np.array(viewers, dtype=np.int64)
    frame = pl.DataFrame(given, schema={name: KNOWN[name] for name in given})
    catalogue = Catalogue(table, np.array(topics), seen, seen, content, content, frame)
    ranked = 0.01 * np.arange(n, 0, -1, dtype=np.float32)
    likeness = (content @ content.T) * (1 + ranked) + ranked
    model = InterestModel({"ease": Neighbours(likeness.astype(np.float32))}, {"ease": 1.0}, content)
    return StepContext(catalogue, model, RecommendSection.model_validate(settings))


def query(seen: History, k: int = 5, **more: object) -> Query:
    return Query("ana", seen, k, **more)  # type: ignore[arg-type]
