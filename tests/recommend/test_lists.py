"""Whole lists: right by construction, no repeats, nothing seen, for every combination of rules."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recommend.worlds import context, history, query
from vireo.behavior.base import History
from vireo.recommend.base import Query
from vireo.recommend.context import StepContext
from vireo.recommend.recommender import Picks, Recommender, shown_scores
from vireo.recommend.similar import similar
from vireo.recommend.top_k import top

TOPICS = [0] * 6 + [1] * 6
VIEWERS = [9, 8, 7, 6, 5, 0, 9, 8, 7, 6, 5, 0]


def listed(world: StepContext, asked: Query) -> Picks:
    return Recommender(world.catalogue, world.model, world.section).recommend(asked)


def test_a_taste_gets_its_own_topic_and_not_what_was_seen() -> None:
    world = context(TOPICS, VIEWERS, diversity=0.0, new_video_quota=0.0)
    picks = listed(world, query(history([0, 1]), k=3))
    assert [pick.video_id for pick in picks] == ["v2", "v3", "v4"]


def test_the_reason_names_the_video_that_contributed_most() -> None:
    world = context(TOPICS, VIEWERS, diversity=0.0, new_video_quota=0.0)
    picks = listed(world, query(history([7, 0]), k=2))
    for pick in picks:
        cause = "Video 0" if int(pick.video_id[1:]) < 6 else "Video 7"
        assert cause in pick.reason


def test_a_video_that_nobody_watched_gets_a_place_when_it_fits() -> None:
    world = context(TOPICS, VIEWERS, diversity=0.0, new_video_quota=0.5)
    picks = listed(world, query(history([0]), k=4))
    assert "v5" in [pick.video_id for pick in picks]
    assert "v11" not in [pick.video_id for pick in picks]
    assert "New here" in next(pick.reason for pick in picks if pick.video_id == "v5")


def test_no_new_videos_without_a_share() -> None:
    world = context([0] * 12, [9] * 6 + [0] * 6, diversity=0.0, new_video_quota=0.0)
    picks = listed(world, query(history([0]), k=5))
    assert [pick.video_id for pick in picks] == ["v1", "v2", "v3", "v4", "v5"]


def test_diversity_brings_the_other_topic_in() -> None:
    seen = history([0, 1])
    plain = listed(context(TOPICS, VIEWERS, diversity=0.0, new_video_quota=0.0), query(seen, k=3))
    varied = listed(context(TOPICS, VIEWERS, diversity=0.8, new_video_quota=0.0), query(seen, k=3))
    assert {pick.video_id for pick in plain} == {"v2", "v3", "v4"}
    assert any(int(pick.video_id[1:]) >= 6 for pick in varied)
    assert varied[0].video_id == plain[0].video_id


def test_a_stranger_gets_popular_and_varied_videos_and_is_told_so() -> None:
    world = context(TOPICS, VIEWERS)
    picks = listed(world, query(History.empty(), k=4))
    assert {int(pick.video_id[1:]) // 6 for pick in picks[:2]} == {0, 1}
    assert "new here" in picks.notes[0]
    assert all("watched “" not in pick.reason for pick in picks)


def test_a_sentence_steers_a_stranger_and_a_known_viewer() -> None:
    world = context(TOPICS, VIEWERS, query_weight=5.0)
    towards = world.catalogue.text[6]
    for seen in (History.empty(), history([0, 1])):
        asked = query(seen, k=3, text="the other topic", text_vector=towards)
        picks = listed(world, asked)
        assert all(int(pick.video_id[1:]) >= 6 for pick in picks)
        assert "the other topic" in picks[0].reason


def test_disliked_videos_do_not_come_back_even_with_repeats() -> None:
    world = context(TOPICS, VIEWERS, allow_repeats=True, diversity=0.0)
    picks = listed(world, query(history([0, 1], [1.0, -1.0]), k=12))
    ids = [pick.video_id for pick in picks]
    assert "v0" in ids
    assert "v1" not in ids


def test_everything_seen_gives_an_empty_list_that_says_so() -> None:
    world = context([0, 0], [3, 3], allow_repeats=False)
    picks = listed(world, query(history([0, 1])))
    assert len(picks) == 0


def test_one_video_and_k_larger_than_the_catalogue() -> None:
    assert len(listed(context([0], [1]), query(History.empty(), k=50))) == 1
    assert len(listed(context(TOPICS, VIEWERS), query(history([3]), k=500))) == 11


RULE_SETS = [
    ("seen", *rules)
    for size in range(3)
    for rules in itertools.permutations(("diversity", "new-video-quota"), size)
]


@settings(max_examples=60, deadline=None)
@given(
    topics=st.lists(st.integers(0, 3), min_size=1, max_size=30),
    seed=st.integers(0, 10_000),
    k=st.integers(1, 40),
    rules=st.sampled_from(RULE_SETS),
)
def test_no_rule_combination_breaks_a_list(
    topics: list[int], seed: int, k: int, rules: tuple[str, ...]
) -> None:
    random = np.random.default_rng(seed)
    viewers = random.integers(0, 4, len(topics))
    world = context(
        topics, viewers.tolist(), diversity=random.random(), new_video_quota=random.random()
    )
    world = replace(world, section=world.section.model_copy(update={"rules": rules}))
    seen = random.choice(len(topics), random.integers(0, len(topics) + 1), replace=False)
    weights = random.choice([1.0, 2.0, -1.0], len(seen)).tolist()
    picks = listed(world, query(history(seen.tolist(), weights), k=k))
    ids = [pick.video_id for pick in picks]
    assert len(ids) == len(set(ids)) == min(k, len(topics) - len(seen))
    assert not {f"v{row}" for row in seen} & set(ids)
    scores = [pick.score for pick in picks]
    assert all(0 <= score <= 1 for score in scores)
    assert scores == sorted(scores, reverse=True)
    assert [pick.rank for pick in picks] == list(range(1, len(ids) + 1))
    assert all(pick.reason for pick in picks)


@given(st.lists(st.floats(-50, 50, width=32), max_size=60))
def test_shown_scores_fall_within_zero_and_one(totals: list[float]) -> None:
    shown = shown_scores(np.array(totals, dtype=np.float32))
    assert all(0 <= value <= 1 for value in shown)
    assert all(a > b for a, b in itertools.pairwise(shown) if b > 0)


@given(
    st.lists(st.integers(-3, 3), min_size=1, max_size=400),
    st.integers(1, 60),
)
def test_top_is_a_stable_sort_cut_short(values: list[int], count: int) -> None:
    array = np.array(values, dtype=np.float32)
    assert top(array, count).tolist() == np.argsort(-array, kind="stable")[:count].tolist()


@pytest.mark.parametrize("video", [0, 5])
def test_similar_videos_are_of_the_same_topic_also_for_an_unwatched_one(video: int) -> None:
    world = context(TOPICS, VIEWERS)
    picks = similar(world.catalogue, world.model, video, 5)
    ids = {int(pick.video_id[1:]) for pick in picks}
    assert ids == set(range(6)) - {video}
