"""Texts of videos: which columns and subtitles become which part."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tests.language.world import tables, unseen
from vireo.language.chunks import MAX_CHUNKS, sampled_windows, spread
from vireo.language.texts import clean, texts_of


def test_parts_come_from_their_columns() -> None:
    rows: list[dict[str, Any]] = [
        {
            "video_id": "a",
            "title": "Bread\n at home ",
            "description": "Flour.",
            "tags": ["x1", "7"],
        },
        {"video_id": "b", "title": "b", "category": "News", "transcript": "Good evening."},
        {"video_id": "c", "tags": ["12", "13"], "category": "4"},
    ]
    inputs = tables(rows)
    subtitles = [("a", 2.0, "second"), ("a", 1.0, "first"), ("b", 0.0, "not used")]
    texts = texts_of(inputs.videos, unseen(inputs, subtitles).dialogue)
    assert texts.title == ("Bread at home", "", "")  # a title that is the id says nothing
    assert texts.description == ("Flour.", "", "")
    assert texts.tags == ("x1", "News", "")  # numeric ids say nothing
    assert texts.dialogue == ("first second", "Good evening.", "")
    assert texts.sources(0) == ("title", "description", "tags", "dialogue")
    assert texts.sources(2) == ()
    assert len(texts) == 3


def test_no_videos() -> None:
    inputs = tables([])
    assert len(texts_of(inputs.videos, pl.DataFrame(unseen(inputs).dialogue))) == 0


@given(st.text(alphabet=st.characters()))
def test_clean_text_is_one_line_that_encodes(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert cleaned == cleaned.strip()
    assert "\x00" not in cleaned
    assert "\n" not in cleaned
    assert clean(cleaned) == cleaned


@given(st.integers(0, 10_000), st.integers(2, 50))
def test_spread_is_even(count: int, most: int) -> None:
    rows = spread(count, most)
    assert len(rows) == min(count, most)
    if rows:
        assert (rows[0], rows[-1]) == (0, count - 1)
        gaps = {b - a for a, b in pairwise(rows)}
        assert not gaps or max(gaps) - min(gaps) <= 1


def test_thinned_text_keeps_both_ends() -> None:
    text = "start " + "middle " * 1000 + "end"
    short = sampled_windows(text, 400)
    assert short.startswith("start")
    assert short.endswith("end")
    assert len(short) <= 400 + MAX_CHUNKS
    assert set(short.split()) == {"start", "middle", "end"}  # no word is cut in two
