"""Stated preferences: parsing, effect on the next list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.recommend.worlds import context, history, query
from vireo.arrays import Floats
from vireo.behavior.base import History
from vireo.recommend.base import ParsedPreference, Query
from vireo.recommend.context import StepContext
from vireo.recommend.profile.preferences import clauses, parse_preferences, unclear
from vireo.recommend.profile.summary import profile_of
from vireo.recommend.recommender import Recommender
from vireo.store.base import Preference

TOPICS = [0] * 6 + [1] * 6 + [2] * 6
WORDS = {"cooking": 0, "sailing": 1, "horror": 2}


def world(**settings: Any) -> StepContext:
    return context(TOPICS, [9] * 18, diversity=0.0, new_video_quota=0.0, **settings)


def read(sentence: str) -> Floats:
    """A reader of three words."""
    vector = np.zeros(3, dtype=np.float32)
    for word, topic in WORDS.items():
        if word in sentence.lower():
            vector[topic] = 1.0
    return vector


def asking(place: StepContext, asked: Query, *sentences: str, video: str = "") -> list[int]:
    edits = [Preference("ana", text, video) for text in sentences]
    wishes = parse_preferences(edits, place.catalogue, read)
    maker = Recommender(place.catalogue, place.model, place.section)
    listed: list[int] = maker.slate(replace(asked, preferences=wishes)).videos.tolist()
    return listed


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("less horror", [(-1, "horror")]),
        ("Less of this", [(-1, "this")]),
        ("please show me more slow documentaries", [(1, "slow documentaries")]),
        ("much less about football!", [(-2, "football")]),
        ("no more horror", [(-2, "horror")]),
        ("don't show me Ann Example", [(-2, "Ann Example")]),
        ("I love slow films about the sea, but no horror", [(1, "slow films about the sea"),
                                                            (-2, "horror")]),
        ("nordic noir", [(1, "nordic noir")]),
        ("nothing about politics; more cooking", [(-2, "politics"), (1, "cooking")]),
        ("normal films", [(1, "normal films")]),
        (" ,;", []),
    ],
)  # fmt: skip
def test_sentences_are_read(sentence: str, expected: list[tuple[float, str]]) -> None:
    assert [(clause.strength, clause.what) for clause in clauses(sentence)] == expected


@pytest.mark.parametrize(
    ("sentence", "video", "asks"),
    [
        ("less of this", "", "which video is “this”"),
        ("less of this", "v1", ""),
        ("more horror but less of these", "", "which video is “these”"),
        ("less", "", "“less” of what"),
        ("much more", "v1", "“much more” of what"),
        ("please, no", "", "“no” of what"),
        ("no more", "", "“more” of what"),
        ("nothing about war", "", ""),
        ("films about the sea", "", ""),
        ("likeable people", "", ""),
    ],
)
def test_a_wish_that_leaves_something_open_is_asked_about(
    sentence: str, video: str, asks: str
) -> None:
    assert unclear(sentence, video) == asks


def test_less_takes_a_topic_off_the_list_of_its_greatest_friend() -> None:
    friend = query(history([12, 13, 14]), k=3)
    assert asking(world(), friend) == [15, 16, 17]
    assert not set(asking(world(), friend, "less horror")) & set(range(12, 18))
    assert not set(asking(world(candidates=2), friend, "less horror")) & set(range(12, 18))


def test_more_brings_a_topic_to_a_viewer_who_never_watched_it_and_to_a_new_one() -> None:
    for seen in (history([0, 1]), History.empty()):
        assert {row // 6 for row in asking(world(), query(seen, k=3), "more sailing")} == {1}


def test_less_and_more_of_this() -> None:
    asked = query(history([0, 1, 6]), k=3)
    assert not set(asking(world(), asked, "less of this", video="v2")) & set(range(6))
    assert {row // 6 for row in asking(world(), asked, "more like this", video="v13")} == {2}


def test_no_blocks_what_is_named_exactly_and_nothing_brings_it_back() -> None:
    tags = [["Horror"] if row == 3 else None for row in range(18)]
    place = context(TOPICS, [9] * 18, {"tags": tags}, owner={"pinned": ["v3"]})
    assert asking(place, query(history([0]), k=18))[0] == 3
    assert 3 not in asking(place, query(history([0]), k=18), "no horror")


def test_a_reason_says_whose_words_it_follows() -> None:
    place = world()
    wishes = parse_preferences([Preference("a", "more sailing")], place.catalogue, read)
    maker = Recommender(place.catalogue, place.model, place.section)
    picks = maker.recommend(query(History.empty(), k=2, preferences=wishes))
    assert all("You asked for “more sailing”" in pick.reason for pick in picks)


def test_words_that_no_text_knows_change_nothing() -> None:
    asked = query(history([0, 1]), k=5)
    assert asking(world(), asked, "less quantum theology") == asking(world(), asked)


def test_a_profile_names_interests_by_weight_with_their_videos() -> None:
    place = world()
    seen = history([0, 1, 2, 6, 7, 12], [1, 1, 4, 1, 1, 1])
    told = profile_of(place.catalogue, "ana", seen, (ParsedPreference("less war", -1.0),), 5)
    assert [(i.topic, i.share) for i in told.interests] == [("topic 0", 0.667), ("topic 1", 0.222)]
    assert told.interests[0].videos[0] == ("v2", "Video 2")
    assert "mostly topic 0 (67%, as in “Video 2” and “Video 0”)" in told.sentence
    assert "“less war”" in told.sentence
    assert "topic 2" not in told.sentence  # one video is no interest
    assert told.as_json()["interests"][0]["videos"][0] == ("v2", "Video 2")


def test_nobody_is_described_from_too_little() -> None:
    place = world()
    for seen in (History.empty(), history([0, 0, 0, 0, 0]), history([0, 1, 2, 3, 4], [-1] * 5)):
        told = profile_of(place.catalogue, "ana", seen, (), 5)
        assert told.interests == ()
        assert "Too little is known" in told.sentence
        assert "topic" not in told.sentence


def test_new_videos_of_what_is_wanted_less_are_not_moved_up() -> None:
    place = context([0] * 8 + [1] * 8, ([9] * 6 + [0] * 2) * 2, new_video_quota=0.5, diversity=0.0)
    asked = query(history([0, 1]), k=4)
    maker = Recommender(place.catalogue, place.model, place.section)
    assert {6, 7} & set(maker.rows(asked).tolist())
    less = replace(asked, preferences=(ParsedPreference("less of this", -0.1, video=0),))
    assert not {6, 7} & set(maker.rows(less).tolist())
