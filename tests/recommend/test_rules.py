"""Each rule and the parts under it, one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recommend.worlds import Neighbours, context, history, query
from vireo.arrays import Floats
from vireo.behavior.base import History
from vireo.errors import UnknownVideo
from vireo.interest.base import InterestModel
from vireo.recommend.base import Slate
from vireo.recommend.explain.contributions import contributions
from vireo.recommend.explain.explanation import explanation
from vireo.recommend.recommender import Recommender
from vireo.recommend.retrieve.merge import merged
from vireo.recommend.rules.diversity import mmr


def brute_mmr(scores: np.ndarray, likeness: np.ndarray, count: int, strength: float) -> list[int]:
    span = scores.max() - scores.min()
    worth = (scores - scores.min()) / span if span > 0 else np.ones_like(scores)
    chosen: list[int] = []
    while len(chosen) < count:
        best, best_value = -1, -np.inf
        for row in range(len(scores)):
            if row in chosen:
                continue
            near = max((likeness[row, other] for other in chosen), default=0.0)
            value = (1 - strength) * worth[row] - strength * max(near, 0.0)
            if value > best_value + 1e-7:
                best, best_value = row, value
        chosen.append(best)
    return chosen


@given(st.integers(1, 12), st.integers(0, 1000), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_mmr_is_the_textbook_greedy_choice(n: int, seed: int, strength: float) -> None:
    random = np.random.default_rng(seed)
    scores = random.permutation(n).astype(np.float32)
    half = random.random((n, n), dtype=np.float32)
    likeness: Floats = ((half + half.T) / 2).astype(np.float32)
    for count in (1, n):
        expected = brute_mmr(scores, likeness, count, strength)
        assert mmr(scores, likeness, count, strength).tolist() == expected


def test_merging_keeps_every_candidate_once_and_scores_the_union() -> None:
    first = merged(
        Slate.empty(),
        {"a": np.array([1, 2, 3, 4], dtype=np.float32)},
        [np.array([3, 2]), np.array([2])],
    )
    both = merged(first, {"b": np.array([10, 20, 30, 40], dtype=np.float32)}, [np.array([0, 3])])
    assert sorted(both.videos.tolist()) == [0, 2, 3]
    rows = {int(video): row for row, video in enumerate(both.videos)}
    assert both.sources["a"][rows[3]] == 4
    assert both.sources["a"][rows[0]] == 0  # the first retriever had not chosen it
    assert both.sources["b"][rows[0]] == 10


def test_slate_take_moves_all_columns_together() -> None:
    slate = Slate(
        np.array([7, 8, 9]), {"a": np.array([1, 2, 3], dtype=np.float32)}, np.array([3, 2, 1.0])
    )
    for rows in (np.array([2, 0]), np.array([True, False, True])):
        taken = slate.take(rows)
        assert set(taken.videos.tolist()) == {7, 9}
        assert dict(zip(taken.videos.tolist(), taken.sources["a"].tolist(), strict=True)) == {
            7: 1.0,
            9: 3.0,
        }
    assert len(slate.take([])) == 0


def test_contributions_of_several_experts_add_with_their_weights() -> None:
    one = Neighbours(np.array([[0, 2.0], [0, 1.0]], dtype=np.float32))
    two = Neighbours(np.array([[0, 1.0], [0, 4.0]], dtype=np.float32))
    model = InterestModel({"x": one, "y": two, "z": one}, {"x": 1.0, "y": 0.5, "z": 0.0})
    own = contributions(model, history([0, 1]), 1)
    assert own.videos.tolist() == [0, 1]
    np.testing.assert_allclose(own.shares, [1.0 + 0.5 * 0.25, 0.5 + 0.5 * 1.0])
    assert own.strongest() == 0


def test_contributions_of_several_events_with_one_video_are_one_share() -> None:
    model = InterestModel({"x": Neighbours(np.full((3, 3), 2.0, dtype=np.float32))}, {"x": 1.0})
    own = contributions(model, history([2, 0, 2, 2]), 1)
    assert own.videos.tolist() == [0, 2]
    np.testing.assert_allclose(own.shares, [1.0, 3.0])
    nobody = contributions(model, History.empty(), 1)
    assert nobody.strongest() is None


def test_explanation_has_the_place_the_sources_and_the_own_videos() -> None:
    world = context([0, 0, 0, 1, 1], [1, 1, 1, 1, 1])
    told = explanation(world, query(history([0, 3]), k=1), 1)
    assert told.place <= 3
    assert not told.seen
    assert told.own_videos[0][0] == "v0"
    assert told.as_json()["own_videos"][0]["title"] == "Video 0"
    assert "Video 0" in str(told)
    nobody = explanation(world, query(History.empty(), k=1), 1)
    assert nobody.own_videos == ()
    assert "No video of this user's history" in str(nobody)


def test_an_unknown_video_offers_the_nearest_title() -> None:
    world = context([0, 0], [1, 1])
    with pytest.raises(UnknownVideo, match=r"v1 \(Video 1\)"):
        world.catalogue.row("video 1")
    with pytest.raises(UnknownVideo, match="vireo list videos"):
        world.catalogue.row("")


def test_reasons_never_give_small_counts_of_people() -> None:
    world = context([0, 1, 2, 3], [0, 2, 4, 60])
    maker = Recommender(world.catalogue, world.model, world.section)
    reasons = {p.video_id: p.reason for p in maker.recommend(query(History.empty(), k=4))}
    assert "60 viewers" in reasons["v3"]
    for small in ("v1", "v2"):
        assert not any(character.isdigit() for character in reasons[small])
