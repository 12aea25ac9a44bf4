"""Clusters, sentences, phrases and fused vectors with known answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vireo.arrays import Floats, unit_rows
from vireo.engine.progress import NullProgress, Progress
from vireo.language import VideoTexts
from vireo.language.chunks import JOINT
from vireo.understanding.key_phrases import Phrase, key_phrases
from vireo.understanding.kmeans import spherical_kmeans
from vireo.understanding.phrase_selection import diverse, phrases_of
from vireo.understanding.summary import central_sentences
from vireo.understanding.tokenize import sentences_of
from vireo.understanding.topics import NO_TOPIC, names_of, topics_of
from vireo.understanding.vectors import TOPICS, WEIGHTS, vectors_of, with_topics


def _planted(groups: int, each: int, noise: float = 0.15) -> tuple[Floats, list[int]]:
    random = np.random.default_rng(0)
    centers = random.normal(size=(groups, 16))
    truth = [i % groups for i in range(groups * each)]
    rows = unit_rows(centers[truth].astype(np.float32))
    return unit_rows(rows + noise * random.normal(size=rows.shape).astype(np.float32)), truth


def test_planted_groups_are_found() -> None:
    vectors, truth = _planted(7, 30)
    found = spherical_kmeans(vectors, 7, seed=3)
    assert len({(a, b) for a, b in zip(truth, found.tolist(), strict=True)}) == 7
    assert np.array_equal(found, spherical_kmeans(vectors, 7, seed=3))


def test_fewer_different_vectors_than_groups() -> None:
    same = np.tile(np.array([[0.6, 0.8]], dtype=np.float32), (9, 1))
    assert spherical_kmeans(same, 4, 0).tolist() == [0] * 9
    assert spherical_kmeans(same[:0], 4, 0).tolist() == []


def test_videos_without_text_have_no_topic() -> None:
    vectors, _ = _planted(2, 20)
    has_text = np.ones(40, dtype=bool)
    has_text[::5] = False
    topics = topics_of(vectors, has_text, 0, 0)
    assert (topics[~has_text] == NO_TOPIC).all()
    assert (topics[has_text] >= 0).all()
    assert topics.max() < 8  # the square root of twice the 32 videos with text
    assert topics_of(vectors[:3], has_text[:3], 0, 0).tolist() == [NO_TOPIC, 0, 0]
    assert topics_of(vectors, has_text, 2, 0).max() == 1


def test_topics_are_named_by_their_own_words() -> None:
    words = [frozenset({"film", "dough", "oven", "ovens", f"w{i}"}) for i in range(5)]
    words += [frozenset({"film", "goal", "striker", f"x{i}"}) for i in range(5)]
    names = names_of(np.array([0] * 5 + [1] * 5), words)
    assert names[0].split(", ")[:2] == ["dough", "oven"]
    assert set(names[1].split(", ")) == {"goal", "striker", "film"}
    assert names_of(np.array([0, 0]), [frozenset(), frozenset()]) == ("topic 1",)
    assert names_of(np.array([NO_TOPIC]), [frozenset()]) == ()


def test_sentences() -> None:
    text = 'Mr. Bean sat. "Really?" asked J. Doe! It cost 3.5 euros… 完了。次へ'
    assert sentences_of(text) == [
        "Mr. Bean sat.",
        '"Really?"',
        "asked J. Doe!",
        "It cost 3.5 euros…",
        "完了。",
        "次へ",
    ]
    assert max(len(part.split()) for part in sentences_of("so on " * 500)) == 40
    assert sentences_of("") == []
    cut = f"All of it. Half of{JOINT}another half. Whole. And a{JOINT}third. The end."
    assert sentences_of(cut) == ["All of it.", "Whole.", "The end."]


def test_the_central_sentence_is_found() -> None:
    sentences = [
        "Something else entirely happened yesterday.",
        "The bread needs flour and water.",
        "Flour, water and salt make bread dough.",
        "Bread dough with water rests an hour.",
        "Birds sang.",
    ]
    rarity = {w: 1.0 for s in sentences for w in s.lower().replace(",", "").rstrip(".").split()}
    assert central_sentences(sentences, rarity, 1) == (sentences[2],)
    pair = central_sentences(sentences, rarity, 2)
    assert len(pair) == 2
    assert sentences.index(pair[0]) < sentences.index(pair[1])
    assert central_sentences([], rarity, 2) == ()
    assert central_sentences(["One.", "One."], rarity, 2) == ("One.",)
    assert len(central_sentences(["???", "!!!", "..."], rarity, 1)) == 1


def said(phrases: Sequence[Phrase]) -> tuple[str, ...]:
    return tuple(phrase.text for phrase in phrases)


def test_phrases_are_rare_frequent_and_different() -> None:
    rarity = {"solar": 3.0, "eclipse": 4.0, "moon": 2.0, "sky": 1.0}
    text = "A solar eclipse, the Solar Eclipse of the year: moon before sky. Moon!"
    assert said(key_phrases([(text, 1.0)], rarity, 3)) == ("solar eclipse", "moon", "sky")
    assert said(key_phrases([("The Moon’s sky", 1.0)], rarity, 1)) == ("Moon’s sky",)
    assert said(key_phrases([("By the moon's side", 1.0)], rarity, 1)) == ("moon",)
    assert said(key_phrases([("", 1.0)], rarity, 3)) == ()
    assert said(key_phrases([(text, 1.0)], rarity, 0)) == ()


@given(st.text(max_size=300), st.integers(0, 4))
def test_any_text_gives_only_its_own_words(text: str, most: int) -> None:
    rarity = {word.casefold(): 1.0 for word in text.split()}
    for phrase in said(key_phrases([(text, 1.0)], rarity, most)):
        assert all(word in text for word in phrase.split(" "))
    one_line = " ".join(text.split())
    for sentence in central_sentences(sentences_of(one_line), rarity, most):
        assert sentence in one_line


class _Lookup:
    """A language model that is a table: the vector of each text is given."""

    fingerprint = "table"
    can_generate = False
    dimension = 2

    def __init__(self, table: Mapping[str, Sequence[float]]) -> None:
        self._table = table

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Floats:
        rows = [self._table.get(text, (0.0, 0.0)) for text in texts]
        return np.array(rows, dtype=np.float32).reshape(-1, 2)

    def generate(self, prompt: str, schema: Mapping[str, Any] | None = None) -> str:
        raise NotImplementedError


def _texts(titles: Sequence[str], descriptions: Sequence[str]) -> VideoTexts:
    none = ("",) * len(titles)
    ids = tuple(str(i) for i in range(len(titles)))
    return VideoTexts(ids, tuple(titles), tuple(descriptions), none, none, none)


def test_a_missing_part_does_not_shift_the_vector() -> None:
    model = _Lookup({"x": (1, 0), "y": (0, 1)})
    made = vectors_of(_texts(["x", "x", "", ""], ["", "y", "y", ""]), model, NullProgress())
    diagonal = np.array([WEIGHTS["title"], WEIGHTS["description"]])
    expected = [[1, 0], diagonal / np.linalg.norm(diagonal), [0, 1], [0, 0]]
    assert np.allclose(made.fused, expected, atol=1e-6)
    assert made.has_text.tolist() == [True, True, True, False]
    assert made.parts["title"].shape == (4, 2)
    assert not made.centered


@pytest.mark.parametrize(("count", "centered"), [(49, False), (50, True)])
def test_large_catalogues_are_centred(count: int, centered: bool) -> None:
    table = {f"t{i}": (np.cos(i / 100), np.sin(i / 100)) for i in range(count)}
    made = vectors_of(_texts([*table, ""], [""] * (count + 1)), _Lookup(table), NullProgress())
    assert made.centered == centered
    assert np.allclose(np.linalg.norm(made.fused[:-1], axis=1), 1, atol=1e-5)
    assert not made.fused[-1].any()
    if centered:
        assert float(made.fused[0] @ made.fused[count - 1]) < 0  # the two ends point apart


def test_identical_texts_are_not_centred() -> None:
    made = vectors_of(_texts(["x"] * 80, [""] * 80), _Lookup({"x": (0.6, 0.8)}), NullProgress())
    assert not made.centered
    assert np.allclose(made.fused, [0.6, 0.8], atol=1e-6)


def _phrases(*texts: str) -> list[Phrase]:
    return [Phrase(text, 4.0 - place) for place, text in enumerate(texts)]


def test_phrases_that_say_the_same_make_room() -> None:
    found = _phrases("boat", "ship", "bread")
    vectors = unit_rows(np.array([[1, 0], [0.99, 0.1], [0.3, 1]], dtype=np.float32))
    video = np.array([1, 0], dtype=np.float32)
    assert diverse(found, vectors, video, 2, 0.0) == ("boat", "ship")
    assert diverse(found, vectors, video, 2, 0.6) == ("boat", "bread")
    assert diverse(found, vectors, video, 9, 0.6) == ("boat", "bread", "ship")
    assert diverse([], vectors[:0], video, 2, 0.6) == ()


def test_a_phrase_near_the_video_comes_before_one_that_is_only_frequent() -> None:
    found = [Phrase("applause", 4.0), Phrase("whales", 3.5)]
    vectors = np.eye(2, dtype=np.float32)
    assert diverse(found, vectors, vectors[1], 1, 0.3) == ("whales",)


def test_the_phrases_of_a_catalogue_are_read_once_per_block() -> None:
    titles = ["red boats, tall ships", "", "bread"]
    rarity = dict.fromkeys(["red", "boats", "tall", "ships", "bread"], 1.0)
    model, videos = _Lookup({}), np.zeros((3, 2), dtype=np.float32)
    made = phrases_of(_texts(titles, [""] * 3), rarity, videos, model, 2, 0.3, NullProgress())
    assert made == (("red boats", "tall ships"), (), ("bread",))
    plain = phrases_of(_texts(titles, [""] * 3), rarity, videos, model, 2, 0.0, NullProgress())
    assert plain == made
    assert (
        phrases_of(_texts(titles, [""] * 3), rarity, videos, model, 0, 0.3, NullProgress())
        == ((),) * 3
    )


def test_topics_are_a_part_that_the_fused_vector_leaves_out() -> None:
    model = _Lookup({"x": (1, 0), "boats, sea": (0, 1)})
    plain = vectors_of(_texts(["x", "x", ""], [""] * 3), model, NullProgress())
    made = with_topics(plain, [("boats", "sea"), (), ()], model, NullProgress())
    assert made.parts[TOPICS].tolist() == [[0, 1], [0, 0], [0, 0]]
    assert np.array_equal(made.fused, plain.fused)
    assert np.array_equal(made.uncentered, plain.fused)  # too few to be centered
    assert made.has_text.tolist() == [True, True, False]


def test_what_is_shown_is_a_part_of_its_own() -> None:
    model = _Lookup({"x": (1, 0), "EXIT": (0, 1)})
    none = ("", "")
    texts = VideoTexts(("a", "b"), ("x", "x"), none, none, none, ("EXIT", ""))
    made = vectors_of(texts, model, NullProgress())
    moved = np.array([WEIGHTS["title"], WEIGHTS["screen"]])
    assert np.allclose(made.fused, [moved / np.linalg.norm(moved), [1, 0]], atol=1e-6)
