"""Names, mood, audience and format: a quote of the video, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vireo.language import PARTS, VideoTexts
from vireo.understanding.attributes import extract_attributes
from vireo.understanding.entities import MAX_NAMES, names_of_things, small_words
from vireo.understanding.evidence import VideoTextSources
from vireo.understanding.tokenize import folded_text


def sources(**texts: str) -> VideoTextSources:
    return VideoTextSources(dict.fromkeys(PARTS, "") | texts, ())


def told(language: str = "en", **texts: str) -> dict[str, tuple[str, str]]:
    found = extract_attributes(sources(**texts), language)
    return {support.of: (support.topic, support.source) for support in found}


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"title": "Sourdough bread for beginners"}, {"audience": ("beginners", "title")}),
        ({"title": "How to tie a bowline"}, {"format": ("how to", "title")}),
        ({"title": "Life at sea: documentary"}, {"format": ("documentary", "title")}),
        ({"title": "Knots (tutorial)"}, {"format": ("tutorial", "title")}),
        (
            {"description": "In this witty and surprising talk, Ann shares a hilarious story."},
            {"mood": ("witty", "description"), "format": ("talk", "description")},
        ),
        (
            {"description": "First words. A course on knots for young children."},
            {"audience": ("young children", "description")},
        ),
        ({"tags": "boats, funny"}, {"mood": ("funny", "tags")}),
        ({"tags": "boats, tutorial"}, {"format": ("tutorial", "tags")}),
    ],
)
def test_what_a_video_says_of_itself(
    texts: dict[str, str], expected: dict[str, tuple[str, str]]
) -> None:
    assert told(**texts) == expected


@pytest.mark.parametrize(
    "text",
    [
        "A sad man walks home.",
        "This is not a funny talk.",
        "Sugar is bad for kids.",
        "She never gave an inspiring speech.",
        "The lecture hall was empty.",
        "What works for students in Norway?",
        "Why school should start later for teens",
        "Science is for everyone",
        "The lost art of democratic debate",
        "A trick that works via podcast",
        "She uses her inspiring story.",
        "The fast-moving talk",
        "",
    ],
)
def test_what_is_said_of_other_things_is_not_said_of_the_video(text: str) -> None:
    assert told(title=text, description=text) == {}


def test_tags_name_subjects_more_often_than_kinds() -> None:
    assert told(tags="film, children, performance, Design") == {}


def test_the_rules_are_english() -> None:
    assert told("de", title="Interview", description="In this funny talk") == {}
    assert told("", title="Interview") == {"format": ("interview", "title")}


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_quoted_as_it_is(title: str, description: str) -> None:
    own = sources(title=title, description=description)
    for support in extract_attributes(own, "en"):
        assert support.quote in own.texts[support.source]
        assert folded_text(support.topic) in folded_text(support.quote)


def names(**texts: str) -> tuple[str, ...]:
    return names_of_things(sources(**texts).texts)


def test_names_stand_large_inside_sentences() -> None:
    text = (
        "Today Marie Curie works in Paris. People say that Curie never rests. "
        "We met her at the University of Paris (Laughter) on Monday, and I was glad. Glad we were."
    )
    found = names_of_things(sources(dialogue=text).texts, "en", frozenset({"today"}))
    assert found == ("University of Paris", "Marie Curie")


def test_names_of_several_words_keep_all_of_them() -> None:
    text = (
        "The big bang was loud. So we call it the Big Bang, as they do in New York and in the U.S."
    )
    assert set(names(dialogue=text)) == {"Big Bang", "New York", "U.S."}
    assert names(dialogue="They met an English-speaking crowd and some others there.") == ()


def test_a_word_that_is_also_written_small_is_no_name() -> None:
    assert names(dialogue="He saw Bread in the shop. It was bread like any other.") == ()
    assert names(dialogue="Bakers rise early. Nobody thanks them for it.") == ()


def test_where_most_is_large_nothing_is_told() -> None:
    assert names(title="Ten Ways To Bake Better Bread") == ()
    assert names(dialogue="STOP THE BOAT NOW AND TURN") == ()
    assert names(description="Der Hund jagt die Katze durch das Haus in den Garten.") == ()


def test_the_first_word_of_a_sentence_counts_for_a_known_name() -> None:
    text = "Oslo is cold. We went to Oslo and then we left for Bergen."
    assert names(description=text) == ("Oslo", "Bergen")


def test_words_that_a_catalogue_writes_small_begin_sentences() -> None:
    none = ("", "")
    said = ("Photographer Ann Lee hates rain.", "A photographer and Ann met. Rain fell on Ann.")
    texts = VideoTexts(("a", "b"), none, said, none, none, none)
    small = small_words(texts)
    assert {"photographer", "and", "rain"} <= small
    assert not {"ann", "lee"} & small
    assert names_of_things(sources(description=said[0]).texts, "en", small) == ("Ann Lee",)
    assert names_of_things(sources(description=said[0]).texts, "de", small) == ()


@given(st.text(max_size=300))
def test_every_name_stands_in_the_text(text: str) -> None:
    found = names(dialogue=text)
    assert len(found) <= MAX_NAMES
    assert all(folded_text(name) in folded_text(text) for name in found)
