"""The corpus: every text once, no video on both sides of the split, masks as announced."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.language.world import tables, unseen
from tests.pretraining.world import easy_tables
from vireo.data.base import Tables
from vireo.pretraining.base import Corpus, Document
from vireo.pretraining.corpus import load_corpus, make_corpus, save_about
from vireo.pretraining.masking import MaskVocabulary, masked, schedule
from vireo.pretraining.token_chunks import Tokens

WORDS = MaskVocabulary(mask=103, size=30_000, special=frozenset({0, 100, 101, 102, 103}))


def _corpus(
    inputs: Tables, directory: Path, subtitles: Sequence[tuple[str, float, str]] = ()
) -> Corpus:
    dialogue = unseen(inputs, subtitles).dialogue
    return make_corpus(inputs.videos, inputs.comments, dialogue, directory)


def _tokens(ids: Sequence[int]) -> Tokens:
    return np.array(ids, dtype=np.int32)


def test_no_video_and_no_text_is_on_both_sides(tmp_path: Path) -> None:
    corpus = _corpus(easy_tables(200), tmp_path)
    assert corpus.heldout
    assert not {d.video_id for d in corpus.train} & {d.video_id for d in corpus.heldout}
    texts = [d.text for d in (*corpus.train, *corpus.heldout)]
    assert len(texts) == len(set(texts)) == 600
    assert 0.02 < len(corpus.heldout) / len(corpus) < 0.2
    assert len(corpus.pairs) == len({d.video_id for d in corpus.heldout})


def test_the_split_survives_growth(tmp_path: Path) -> None:
    small = _corpus(easy_tables(150), tmp_path / "small")
    large = _corpus(easy_tables(300), tmp_path / "large")
    assert {d.video_id for d in small.heldout} <= {d.video_id for d in large.heldout}


def test_the_same_words_count_once_and_are_held_out_if_any_copy_is(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"video_id": f"v{i}", "description": "The SAME words."} for i in range(100)
    ]
    rows[3]["title"] = "the same, words!"
    inputs = tables(rows, [{"user_id": "u", "video_id": "v1", "text": "!!!"}])
    corpus = _corpus(inputs, tmp_path)
    assert len(corpus.heldout) == 1
    assert list(corpus.train) == []
    assert corpus.duplicates == 101


def test_every_kind_of_text_is_read(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {
            "video_id": "a",
            "title": "A title",
            "description": "Told",
            "tags": ["one", "two"],
            "transcript": "Said aloud",
        },
        {"video_id": "b", "title": "Another"},
    ]
    comments = [
        {"user_id": "u", "video_id": "a", "text": "Nice"},
        {"user_id": "u", "video_id": "unknown", "text": "Lost"},
    ]
    inputs = tables(rows, comments)
    corpus = _corpus(inputs, tmp_path, [("b", 1.0, "a subtitle")])
    assert {d.text for d in (*corpus.train, *corpus.heldout)} == {
        "A title",
        "Told",
        "one, two",
        "Said aloud",
        "Nice",
        "Another",
        "a subtitle",
    }


def test_a_written_corpus_is_read_again(tmp_path: Path) -> None:
    corpus = _corpus(easy_tables(50), tmp_path)
    save_about(corpus)
    again = load_corpus(tmp_path)
    assert again == corpus
    assert list(again.train) == list(corpus.train)
    assert _corpus(easy_tables(50), tmp_path / "twin").digest == corpus.digest
    assert _corpus(easy_tables(51), tmp_path / "other").digest != corpus.digest


def test_slices_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _corpus(easy_tables(60), tmp_path / "whole")
    monkeypatch.setattr("vireo.pretraining.corpus._SLICE", 7)
    sliced = _corpus(easy_tables(60), tmp_path / "sliced")
    assert sorted(d.text for d in sliced.train) == sorted(d.text for d in whole.train)
    assert sliced.pairs == whole.pairs


def test_what_was_watched_is_read_of_train_videos_alone(tmp_path: Path) -> None:
    inputs = easy_tables(100)
    hidden = {d.video_id for d in _corpus(inputs, tmp_path / "plain").heldout}
    told, kept_back = sorted(set(inputs.videos["video_id"]) - hidden)[:2], min(hidden)
    corpus = make_corpus(
        inputs.videos,
        inputs.comments,
        unseen(inputs).dialogue,
        tmp_path / "watched",
        watched=[Document(told[0], "watched", "One film, then another")],
        together=[(told[0], told[1]), (told[0], kept_back)],
    )
    assert corpus.together == ((told[0], told[1]),)
    assert [d.text for d in corpus.train if d.kind == "watched"] == ["One film, then another"]


def test_masks_have_the_announced_shares() -> None:
    random = np.random.default_rng(0)
    pieces = [_tokens([101, *random.integers(1000, 30_000, 60), 102]) for _ in range(200)]
    batch = masked(pieces, 0.15, WORDS, random)
    truth = np.array(pieces).ravel()
    assert np.array_equal(truth[batch.places], batch.words)
    assert not set(batch.words.tolist()) & WORDS.special
    assert abs(len(batch.places) / (200 * 60) - 0.15) < 0.01
    shown = batch.ids.ravel()[batch.places]
    assert abs((shown == WORDS.mask).mean() - 0.8) < 0.03
    assert abs((shown == batch.words).mean() - 0.1) < 0.03
    rest = np.setdiff1d(np.arange(len(truth)), batch.places)
    assert np.array_equal(batch.ids.ravel()[rest], truth[rest])


def test_even_one_word_is_masked() -> None:
    pieces = [_tokens([101, 2000, 102]), _tokens([101, 3000, 102])]
    batch = masked(pieces, 0.01, WORDS, np.random.default_rng(0))
    assert batch.words.tolist() == [2000, 3000]


def test_an_epoch_shows_every_piece_once() -> None:
    lengths = np.random.default_rng(0).integers(3, 128, 1500).tolist()
    order = schedule(lengths, 10_000, seed=1)
    assert len(order) == 10_000
    seen: list[int] = []
    for batch in order:
        seen += batch.tolist()
        if len(seen) >= 1500:
            break
    assert sorted(seen) == list(range(1500))
    assert [b.tolist() for b in schedule(lengths, 50, 1)] == [b.tolist() for b in order[:50]]
