"""Videos after the build: the experts keep their opinions, content speaks of the newcomers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from tests.interest.plain_ensemble import scored
from vireo.behavior.base import History
from vireo.engine.base import Context, EngineSection
from vireo.engine.progress import NullProgress
from vireo.engine.serial import Serial
from vireo.interest.base import Batch, Expert, InterestModel, InterestSection
from vireo.interest.content import Content
from vireo.interest.contract import training_of
from vireo.interest.ease import Ease
from vireo.interest.new_items import with_new_items
from vireo.interest.popularity import Popularity


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(Serial(EngineSection()), tmp_path, NullProgress(), seed=1)


LISTS = [[0, 1, 2], [1, 2, 0], [0, 2], [3, 4, 5], [4, 5, 3], [5, 3]]
TWO_TASTES = np.eye(2, dtype=np.float32)[[0, 0, 0, 1, 1, 1]]


def fitted(context: Context) -> InterestModel:
    training = training_of(LISTS, 6, TWO_TASTES)
    section = InterestSection()
    experts: dict[str, Expert] = {
        "popularity": Popularity.fit(training, section, context),
        "ease": Ease.fit(training, section, context),
        "content": Content.fit(training, section, context),
    }
    weights = {"popularity": 0.2, "ease": 0.5, "content": 0.3}
    return InterestModel(experts, weights, TWO_TASTES, {}, training.warm)


def history(*videos: int) -> History:
    many = len(videos)
    return History(np.array(videos), np.ones(many, np.float32), np.arange(many, dtype=np.int64))


def test_old_videos_keep_their_order_and_newcomers_go_to_the_right_taste(context: Context) -> None:
    model = fitted(context)
    wider = with_new_items(model, TWO_TASTES[[0, 3]])
    before, _ = scored(model, Batch([history(0)], 10, 6))
    after, parts = scored(wider, Batch([history(0)], 10, 8))
    assert np.argsort(-after[0][:6]).tolist() == np.argsort(-before[0]).tolist()
    assert after[0][6] > after[0][7], "the newcomer of the viewer's own taste stands higher"
    assert not parts["ease"][0][6:].any()
    assert not parts["popularity"][0][6:].any()


def test_an_expert_that_knows_new_videos_ranks_newcomers_by_their_relatives(
    context: Context,
) -> None:
    @dataclass(frozen=True)
    class Knowing(Ease):
        """Its own scores, but it says that it knows every video."""

        scores_cold_items: ClassVar[bool] = True

    model = fitted(context)
    ease = model.experts["ease"]
    assert isinstance(ease, Ease)
    knowing = replace(model, experts={**model.experts, "ease": Knowing(ease.weights)})
    wider = with_new_items(knowing, TWO_TASTES[[0, 3]])
    scores = wider.experts["ease"].score(Batch([history(0)], 10, 8))
    assert scores[0][6] > scores[0][7]
    _, parts = scored(wider, Batch([history(0)], 10, 8))
    assert parts["ease"][0][6] > parts["ease"][0][7]


def test_watching_a_newcomer_counts_at_once(context: Context) -> None:
    wider = with_new_items(fitted(context), TWO_TASTES[[0, 3]])
    total, _ = scored(wider, Batch([history(7)], 10, 8))
    assert total[0][3:6].min() > total[0][:3].max()
    for expert in wider.experts.values():
        for video in (0, 7):
            shares = expert.contributions(history(0, 7, 3), video)
            assert shares is None or (len(shares) == 3 and np.isfinite(shares).all())
    shares = wider.experts["content"].contributions(history(0, 7, 3), 6)
    assert shares is not None
    assert int(shares.argmax()) == 0


def test_an_edited_video_moves(context: Context) -> None:
    model = fitted(context)
    moved = with_new_items(model, np.zeros((0, 2), np.float32), {0: TWO_TASTES[3]})
    total, _ = scored(moved, Batch([history(4)], 10, 6))
    was, _ = scored(model, Batch([history(4)], 10, 6))
    assert total[0][0] > was[0][0]
    assert model.content[0].tolist() == [1, 0], "what was published stays as it is"
