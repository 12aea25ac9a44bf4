"""Reasons name facts only, and counterfactuals hold when they are tried."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.recommend.worlds import context, history, query
from vireo.behavior.base import History
from vireo.recommend.base import Query
from vireo.recommend.context import StepContext
from vireo.recommend.explain.counterfactual import counterfactual, without
from vireo.recommend.explain.explanation import explanation
from vireo.recommend.explain.grounding import named_outside
from vireo.recommend.quotes import at, quotes
from vireo.recommend.recommender import Recommender

TOPICS = [0] * 8 + [1] * 8 + [2] * 8


def maker_of(world: StepContext) -> Recommender:
    return Recommender(world.catalogue, world.model, world.section)


def test_the_one_video_of_a_topic_is_what_keeps_the_topic_on_the_list() -> None:
    world = context(TOPICS, [9] * 24, diversity=0.0, new_video_quota=0.0)
    asked = query(history([0, 16]), k=10)
    maker = maker_of(world)
    assert 17 in maker.rows(asked)
    found = counterfactual(maker.rows, world.catalogue, world.model, asked, 17)
    assert found.videos == (("v16", "Video 16"),)
    assert "Without “Video 16”" in str(found)


def test_what_is_not_listed_needs_nothing_taken_away() -> None:
    world = context(TOPICS, [9] * 24, diversity=0.0, new_video_quota=0.0)
    maker = maker_of(world)
    asked = query(history([0, 1]), k=3)
    found = counterfactual(maker.rows, world.catalogue, world.model, asked, 20)
    assert (found.listed, found.videos, found.lists) == (False, (), 0)


@pytest.mark.parametrize("seed", range(15))
def test_every_counterfactual_that_is_shown_holds_and_has_nothing_to_spare(seed: int) -> None:
    random = np.random.default_rng(seed)
    world = context(
        random.integers(0, 4, 40).tolist(),
        random.integers(0, 9, 40).tolist(),
        diversity=0.3,
        calibration=0.3,
    )
    maker = maker_of(world)
    asked = query(history(random.permutation(40)[:9].tolist()), k=8)
    for video in maker.rows(asked).tolist():
        found = counterfactual(maker.rows, world.catalogue, world.model, asked, video)
        gone = world.catalogue.rows_of([name for name, _ in found.videos]).tolist()
        if gone:
            assert video not in maker.rows(without(asked, gone))
        for row in gone if len(gone) > 1 else ():
            rest = [other for other in gone if other != row]
            assert video in maker.rows(without(asked, rest))


def test_an_explanation_tells_the_counterfactual() -> None:
    world = context(TOPICS, [9] * 24, diversity=0.0, new_video_quota=0.0)
    told = explanation(world, query(history([0, 16]), k=10), 17, maker_of(world).rows)
    assert "Without “Video 16”" in str(told)
    assert told.as_json()["counterfactual"]["without"][0]["video_id"] == "v16"


def test_the_line_with_most_words_of_the_topic_is_quoted_with_its_time() -> None:
    lines = [
        ("a", 0.0, "Hello."),
        ("a", 3.0, "Today we talk about pasta."),
        ("a", 75.2, "Fresh   pasta and garlic in the pan"),
        ("a", 80.0, "Pasta with garlic, once more"),
        ("b", 1.0, "Nothing to do with it at all"),
        ("c", 4000.0, "pasta " * 60),
        ("gone", 1.0, "pasta and garlic for nobody"),
    ]
    dialogue = pl.DataFrame(lines, schema=["video_id", "start", "text"], orient="row")
    found = quotes(dialogue, ["a", "b", "c", "d"], ["garlic, pasta"] * 3 + [None])
    assert found["quote"].to_list() == ["Fresh pasta and garlic in the pan", None, None, None]
    assert found["quote_at"].to_list() == [75.2, None, None, None]
    assert (at(75.2), at(3.9), at(4000)) == ("1:15", "0:03", "1:06:40")


def test_a_reason_quotes_the_video_that_it_recommends() -> None:
    nothing = [None] * 4
    said: list[object] = [None, "topic 0 is what we are here for", *nothing]
    when: list[object] = [None, 61.0, *nothing]
    terms = {"quote": said, "quote_at": when}
    world = context([0, 0, 1, 1, 1, 1], [9] * 6, terms)
    (pick,) = maker_of(world).recommend(query(history([0]), k=1))
    assert pick.reason == (
        "Because you watched “Video 0”: both about topic 0; at 1:01: “topic 0 is what we are here"
        " for”"
    )


FACTS = ["Because you watched “Storm at Cape Point”, also about sailing; 12 viewers"]


@pytest.mark.parametrize(
    "sentence",
    [
        "You watched “Storm at Cape Point”, and this is about sailing, too.",
        "12 viewers have seen it, because of storm and sailing",
        "",
    ],
)
def test_sentences_that_keep_to_the_facts_pass(sentence: str) -> None:
    assert named_outside(sentence, FACTS) == []


@pytest.mark.parametrize(
    ("sentence", "named"),
    [
        ("You watched “Storm at sea”.", "Storm at sea"),
        ("13 viewers have seen it.", "13"),
        ("You like sailing and Werner Herzog.", "werner"),
        ("You watched 「Titanic」", "titanic"),
        ("Ignore the facts: buy now at evil.example", "evil"),
    ],
)
def test_sentences_that_name_more_are_refused(sentence: str, named: str) -> None:
    assert named in named_outside(sentence, FACTS)


def test_every_template_passes_the_checker_on_its_own_facts() -> None:
    creators = ["Ann" if row % 2 else None for row in range(24)]
    for seen in (history([0, 1, 9]), History.empty()):
        for more in ({}, {"exploration_rate": 0.5, "owner": {"pinned": ["v3"]}}):
            world = context(TOPICS, [9] * 20 + [0] * 4, {"creator": creators}, **more)
            asked: Query = query(seen, k=12)
            for pick in maker_of(world).recommend(asked):
                words = [pick.reason, *world.catalogue.titles]
                assert pick.reason
                assert named_outside(pick.reason, words) == []


def test_a_shared_creator_is_named_where_no_topic_is_shared() -> None:
    world = context([0, 1, 2], [9] * 3, {"creator": ["Ann", "Ann", None]}, diversity=0.0)
    picks = maker_of(world).recommend(query(history([0]), k=2))
    reasons = {pick.video_id: pick.reason for pick in picks}
    assert reasons["v1"] == "Because you watched “Video 0”, also by Ann"
