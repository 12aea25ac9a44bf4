"""Text preference model: interests from a text alone, used only after a significant gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from tests.recommend.worlds import context, history, query
from vireo.arrays import Floats, unit_rows
from vireo.behavior.base import Histories, History
from vireo.recommend.base import Query
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.context import StepContext
from vireo.recommend.recommender import Recommender
from vireo.recommend.settings import RecommendSection
from vireo.recommend.text_preference.model import TextPreferenceModel
from vireo.recommend.text_preference.synthetic_queries import cases_of, sentence_of, words_of
from vireo.recommend.text_preference.training import PENALTIES, fits, learn

WORDS = ("red", "blue", "hidden")
EACH = 20
RED, BLUE, SECRET = range(EACH), range(EACH, 2 * EACH), range(2 * EACH, 3 * EACH)
"""Rows by tag. What is tagged `hidden` is loved by those who love red, and no text says so."""


def read(sentences: Sequence[str]) -> Floats:
    """One number per word: how often the sentence says it."""
    counts = [[sentence.split(", ").count(word) for word in WORDS] for sentence in sentences]
    return unit_rows(np.array(counts, dtype=np.float32))


def place() -> StepContext:
    """Three kinds of videos, all as popular as the others."""
    n = 3 * EACH
    world = context(
        [0] * EACH + [1] * EACH + [2] * EACH,
        [50] * n,
        {"tags": [[WORDS[row // EACH]] for row in range(n)]},
        diversity=0.0,
        new_video_quota=0.0,
    )
    text = np.eye(3, dtype=np.float32)[np.arange(n) // EACH]
    table = world.catalogue.table.with_columns(topic=None, published_at=None)
    return replace(world, catalogue=replace(world.catalogue, table=table, text=text))


def viewers(liked: Sequence[Sequence[int]], n: int = 3 * EACH) -> Histories:
    rows = [np.array(sorted(videos), dtype=np.int64) for videos in liked]
    total = sum(map(len, rows))
    return Histories(
        user_ids=tuple(f"u{row}" for row in range(len(rows))),
        n_videos=n,
        offsets=np.cumsum([0, *map(len, rows)]).astype(np.int64),
        videos=np.concatenate(rows),
        weights=np.ones(total, dtype=np.float32),
        times=np.zeros(total, dtype=np.int64),
        sessions=np.zeros(total, dtype=np.int64),
    )


def two_tastes() -> Histories:
    """Half love red and what is hidden, half love blue."""
    random = np.random.default_rng(1)
    red = [[*random.permutation(RED)[:5], *random.permutation(SECRET)[:12]] for _ in range(200)]
    blue = [random.permutation(BLUE)[:12].tolist() for _ in range(200)]
    return viewers([*red, *blue])


def asking(sentence: str, k: int = 10, **more: object) -> Query:
    return query(History.empty(), k, text=sentence, text_vector=read([sentence])[0], **more)


def learnt(histories: Histories, catalogue: Catalogue) -> TextPreferenceModel | None:
    return learn(catalogue, histories, read, RecommendSection(), 0)


def test_what_viewers_of_a_taste_watch_comes_although_no_text_says_so() -> None:
    world = place()
    taste = learnt(two_tastes(), world.catalogue)
    assert taste is not None
    assert taste.adopted
    assert taste.report["change"][0] > 0
    told = replace(world, catalogue=replace(world.catalogue, text_preference=taste))
    plain, better = (
        Recommender(one.catalogue, one.model, one.section).rows(asking("red", 40)).tolist()
        for one in (world, told)
    )
    assert set(plain[:20]) == set(RED)
    assert set(better) == {*RED, *SECRET}, "blue is not what such viewers watch"
    picks = Recommender(told.catalogue, told.model, told.section).recommend(asking("red", 40))
    assert any("viewers with such a taste: “red”" in pick.reason for pick in picks)


def test_a_search_and_a_known_viewers_sentence_follow_their_words_alone() -> None:
    world = place()
    told = replace(
        world,
        catalogue=replace(world.catalogue, text_preference=learnt(two_tastes(), world.catalogue)),
    )
    maker = Recommender(told.catalogue, told.model, told.section)
    assert set(maker.rows(asking("red", 20, literal=True)).tolist()) == set(RED)
    known = replace(asking("red", 5), history=history([BLUE[0]]))
    assert all("text-preference" not in pick.sources for pick in maker.recommend(known))


def test_tastes_that_do_not_exist_are_not_followed() -> None:
    random = np.random.default_rng(2)
    taste = learnt(
        viewers([random.permutation(3 * EACH)[:8].tolist() for _ in range(400)]), place().catalogue
    )
    assert taste is not None
    assert not taste.adopted
    assert taste.report["adopted"] is False


def test_too_few_viewers_or_words_teach_nothing() -> None:
    world = place()
    assert learnt(viewers([list(RED)[:8]] * 150), world.catalogue) is None
    assert learnt(viewers([[0, 1, 2]] * 400), world.catalogue) is None
    wordless = replace(world.catalogue, given_terms=world.catalogue.given_terms.drop("tags"))
    assert learnt(two_tastes(), wordless) is None
    unread = replace(world.catalogue, text=np.zeros_like(world.catalogue.text))
    assert learnt(two_tastes(), unread) is None


def test_the_map_is_the_ridge_regression_of_an_independent_library() -> None:
    catalogue, random = place().catalogue, np.random.default_rng(3)
    histories = two_tastes()
    cases = cases_of(histories, words_of(catalogue), list(range(400)), random, shorter=True)
    vectors = read([case.sentence for case in cases])
    wanted = np.zeros((len(cases), len(catalogue)))
    for row, case in enumerate(cases):
        wanted[row, case.targets] = 1 / np.sqrt(len(case.targets))
    for penalty, made in zip(PENALTIES, fits(cases, read, catalogue), strict=True):
        other = Ridge(alpha=penalty).fit(vectors, wanted[:, made.videos])
        own = (vectors - made.center) @ made.weights + made.usual
        np.testing.assert_allclose(own, other.predict(vectors), atol=1e-4)


def test_the_map_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    taste = learnt(two_tastes(), place().catalogue)
    assert taste is not None
    taste.save(tmp_path)
    again = TextPreferenceModel.load(tmp_path)
    assert again is not None
    towards = read(["blue"])[0]
    np.testing.assert_array_equal(again.scores(towards, 60), taste.scores(towards, 60))
    assert (again.weight, again.report) == (taste.weight, taste.report)
    assert TextPreferenceModel.load(tmp_path / "elsewhere") is None


def test_videos_that_came_later_are_neither_loved_nor_hated() -> None:
    taste = learnt(two_tastes(), place().catalogue)
    assert taste is not None
    assert taste.scores(read(["red"])[0], 70)[60:].tolist() == [0.0] * 10


@pytest.mark.parametrize(
    ("most", "said"), [(8, "war, sea, film, cairo"), (2, "war, sea"), (3, "war, sea, film")]
)
def test_a_sentence_takes_the_first_words_of_each_video_then_the_next(most: int, said: str) -> None:
    words = [["war", "film"], ["sea", "war", "cairo"], []]
    assert sentence_of([0, 1, 2], words, most) == said
