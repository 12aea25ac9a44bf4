"""Latent semantic analysis: co-occurring words, a reference, odd catalogues."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from vireo.arrays import unit_rows
from vireo.language import VideoTexts, query_texts
from vireo.understanding.lsa import MIN_VIDEOS, fit_lsa, joined, term_counts

_KINDS = {
    "sea": ["harbour", "sailor", "anchor", "lighthouse", "tide", "captain", "vessel", "storm"],
    "kitchen": ["garlic", "saucepan", "recipe", "butter", "oven", "dough", "pepper", "spoon"],
    "space": ["rocket", "orbit", "telescope", "planet", "astronaut", "comet", "lunar", "galaxy"],
}


def _catalogue(count: int = 300, words: int = 4) -> tuple[list[str], np.ndarray]:
    """Each video uses a few words of one kind: two of a kind need not share any."""
    random = np.random.default_rng(0)
    kinds = random.integers(0, len(_KINDS), count)
    lists = list(_KINDS.values())
    return [" ".join(random.choice(lists[kind], words, replace=False)) for kind in kinds], kinds


def test_videos_without_a_common_word_are_near_if_their_words_keep_company() -> None:
    texts, kinds = _catalogue()
    words = term_counts(query_texts(texts))
    lexicon = fit_lsa(words)
    assert lexicon is not None
    rows = lexicon.rows(words)
    rows = unit_rows(np.ascontiguousarray(rows[:, :3]))  # three kinds: three strong directions
    cosines = rows @ rows.T
    apart = np.array([[not a & b for b in words.used] for a in words.used])
    same = kinds[:, None] == kinds[None, :]
    assert cosines[apart & same].mean() > 0.9
    assert cosines[~same].mean() < 0.1


def test_it_is_truncated_svd_of_tf_idf() -> None:
    texts, _ = _catalogue()
    lexicon = fit_lsa(term_counts(query_texts(texts)))
    assert lexicon is not None
    size = {"n_components": lexicon.dimension, "random_state": 0, "algorithm": "arpack"}
    tokens = {"min_df": 2, "max_df": 0.5}
    theirs = TfidfVectorizer(sublinear_tf=True, **tokens).fit_transform(texts)
    variance = TruncatedSVD(**size).fit(theirs).components_
    assert lexicon.axes.shape == variance.T.shape
    assert np.allclose(np.abs((variance @ lexicon.axes)[:5, :5]), np.eye(5), atol=0.05)


def test_a_few_words_count_less_than_many() -> None:
    texts, _ = _catalogue()
    lexicon = fit_lsa(term_counts(query_texts(texts)))
    assert lexicon is not None
    everything = " ".join(word for words in _KINDS.values() for word in words)
    few, many, none = lexicon.rows(term_counts(query_texts(["harbour", everything, "xyzzy"])))
    assert 0 < np.linalg.norm(few) < np.linalg.norm(many) < 1
    assert not none.any()


def test_dialogue_does_not_drown_the_title() -> None:
    texts, _ = _catalogue()
    lexicon = fit_lsa(term_counts(query_texts(texts)))
    assert lexicon is not None
    spoken = " ".join(_KINDS["kitchen"])
    video = VideoTexts(("v",), ("harbour sailor",), ("",), ("",), (spoken,), ("",))
    row = lexicon.rows(term_counts(video))[0]
    about_sea, about_food, about_space = lexicon.rows(
        term_counts(query_texts([" ".join(words) for words in _KINDS.values()]))
    )
    assert row @ about_food > row @ about_sea > row @ about_space


def test_a_missing_half_shifts_nothing() -> None:
    language = np.array([[1, 0], [0, 1], [0, 0]], dtype=np.float32)
    lexical = np.array([[0, 0], [0.6, 0], [0, 0]], dtype=np.float32)
    both = joined(language, lexical, 2.0)
    assert np.allclose(both[0], [1, 0, 0, 0])
    assert np.isclose(np.linalg.norm(both[1]), 1)
    assert not both[2].any()


def test_small_or_wordless_catalogues_have_no_lexicon() -> None:
    texts, _ = _catalogue(MIN_VIDEOS - 1)
    assert fit_lsa(term_counts(query_texts(texts))) is None
    assert fit_lsa(term_counts(query_texts([""] * 500))) is None
    assert fit_lsa(term_counts(query_texts(["the same words"] * 500))) is None
    assert fit_lsa(term_counts(query_texts([]))) is None


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=5))
def test_any_text_gets_a_finite_row_and_the_same_one_again(odd: list[str]) -> None:
    texts, _ = _catalogue()
    words = term_counts(query_texts([*texts, *odd]))
    first, second = fit_lsa(words), fit_lsa(words)
    assert first is not None
    assert second is not None
    rows = first.rows(words)
    assert np.isfinite(rows).all()
    assert (np.linalg.norm(rows, axis=1) < 1).all()
    assert np.array_equal(rows, second.rows(words))
