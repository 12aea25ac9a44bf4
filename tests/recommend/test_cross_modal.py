"""Cross-modal retrieval: pictures with hidden texts are found by words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from vireo.arrays import Floats, unit_rows
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.cross_modal import CrossModalMap, features_of, learn
from vireo.video.base import DIALOGUE_SCHEMA, FEATURE_SCHEMA, VideoFeatures

TOPICS, EACH, WIDTH, WORDS = 6, 12, 40, 24
VIDEOS = TOPICS * EACH


def features(picture: Floats, sound: Floats | None = None) -> VideoFeatures:
    heard = np.zeros((len(picture), 0), np.float32) if sound is None else sound
    return VideoFeatures(
        table=pl.DataFrame(schema=FEATURE_SCHEMA),
        picture=picture,
        has_picture=np.asarray(picture.any(axis=1)),
        audio=heard,
        has_audio=np.asarray(heard.any(axis=1)),
        dialogue=pl.DataFrame(schema=DIALOGUE_SCHEMA),
        info={},
    )


@pytest.fixture
def world() -> tuple[Floats, Floats, Floats]:
    """Pictures (n, p), texts (n, d), topics' words (t, d): pictures and texts share only topics."""
    random = np.random.default_rng(0)
    looks = random.normal(size=(TOPICS, WIDTH))
    words = random.normal(size=(TOPICS, WORDS))
    topic = np.arange(VIDEOS) % TOPICS
    picture = looks[topic] + 0.7 * random.normal(size=(VIDEOS, WIDTH))
    text = words[topic] + 0.7 * random.normal(size=(VIDEOS, WORDS))
    return (
        picture.astype(np.float32),
        unit_rows(text.astype(np.float32)),
        unit_rows(words.astype(np.float32)),
    )


def learnt(picture: Floats, text: Floats) -> CrossModalMap:
    sight, report = learn(features(picture), text, seed=0)
    assert sight is not None, report
    return sight


def test_hidden_texts_are_found_by_the_words_of_their_topic(
    world: tuple[Floats, Floats, Floats],
) -> None:
    picture, text, words = world
    hidden = np.arange(VIDEOS - 2 * TOPICS, VIDEOS)  # two of each topic
    text[hidden] = 0
    sight = learnt(picture, text)
    assert sight.weight > 0.3
    for topic in range(TOPICS):
        scores = sight.scores(words[topic], VIDEOS)[hidden]
        best = hidden[np.argsort(-scores)[:2]]
        assert set(best % TOPICS) == {topic}


def test_pictures_that_say_nothing_of_the_text_are_not_used(
    world: tuple[Floats, Floats, Floats],
) -> None:
    picture, text, _ = world
    shuffled = np.random.default_rng(1).permutation(VIDEOS)
    sight, report = learn(features(picture[shuffled]), text, seed=0)
    assert sight is None
    assert "no better than chance" in report["why"]
    assert report["beyond"] < 2


def test_too_few_texts_teach_nothing(world: tuple[Floats, Floats, Floats]) -> None:
    picture, text, _ = world
    text[19:] = 0
    sight, report = learn(features(picture), text, seed=0)
    assert sight is None
    assert report["videos"] == 19


def test_what_has_no_picture_shifts_nothing(world: tuple[Floats, Floats, Floats]) -> None:
    """The same catalogue with blind videos in between: the same map, and 0 for the blind."""
    picture, text, words = world
    without = learnt(picture, text)
    at = np.arange(VIDEOS) * 2
    wide_picture = np.zeros((2 * VIDEOS, WIDTH), np.float32)
    wide_text = np.repeat(text, 2, axis=0)
    wide_picture[at] = picture
    among = learnt(wide_picture, wide_text)
    np.testing.assert_allclose(among.picture_to_text, without.picture_to_text, atol=1e-5)
    scores = among.scores(words[0], 2 * VIDEOS)
    np.testing.assert_allclose(scores[at], without.scores(words[0], VIDEOS), atol=1e-4)
    assert not scores[1::2].any()


def test_sound_alone_and_wide_pictures_are_taken(world: tuple[Floats, Floats, Floats]) -> None:
    picture, text, _ = world
    silent = np.zeros((VIDEOS, 0), np.float32)
    sight, _ = learn(features(silent, picture), text, seed=0)
    assert sight is not None
    wide = np.hstack([picture, np.zeros((VIDEOS, 500), np.float32)])  # wider than it is long
    np.testing.assert_allclose(
        np.abs(features_of(features(wide), np.arange(VIDEOS))),
        np.abs(features_of(features(picture), np.arange(VIDEOS))),
        atol=1e-4,
    )


def test_it_is_kept_on_disk(world: tuple[Floats, Floats, Floats], tmp_path: Path) -> None:
    picture, text, words = world
    assert CrossModalMap.load(tmp_path) is None
    sight = learnt(picture, text)
    sight.save(tmp_path)
    again = CrossModalMap.load(tmp_path)
    assert again is not None
    assert again.report == sight.report
    np.testing.assert_array_equal(again.scores(words[1], VIDEOS), sight.scores(words[1], VIDEOS))


def test_the_catalogue_adds_what_is_seen_to_what_is_said(
    world: tuple[Floats, Floats, Floats],
) -> None:
    picture, text, words = world
    hidden = np.arange(VIDEOS - TOPICS, VIDEOS)  # one of each topic
    text[hidden] = 0
    table = pl.DataFrame(
        {
            "video_id": [f"v{row}" for row in range(VIDEOS)],
            **{name: [None] * VIDEOS for name in ("title", "creator", "category", "topic")},
            "published_at": pl.Series([None] * VIDEOS, dtype=pl.Int64),
        }
    )
    nobody = np.zeros(VIDEOS, np.int64)
    blind = Catalogue(table, nobody - 1, nobody, nobody, text, text)
    seeing = replace(blind, cross_modal=learnt(picture, text))
    vector = words[2]
    np.testing.assert_array_equal(blind.near(vector), text @ vector)
    assert blind.by_picture(vector) is None
    near, seen = seeing.near(vector), seeing.by_picture(vector)
    assert seen is not None
    (own,) = hidden[hidden % TOPICS == 2]
    assert hidden[near[hidden].argmax()] == own
    assert seen[own]
    told = np.setdiff1d(np.arange(VIDEOS), hidden)
    right = told[told % TOPICS == 2]
    assert near[right].min() > near[own]  # what says it comes before what only shows it
    assert seen[right].mean() < 0.5
