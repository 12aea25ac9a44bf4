"""Latent semantic analysis: TF-IDF of content words and truncated SVD.

A language model averages a long dialogue into what all dialogues share. Rare words, the names of
things, are what distinguishes two hours of talk, and counting them does not average out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from vireo.arrays import Floats, unit_rows
from vireo.language import PARTS, VideoTexts
from vireo.language.chunks import sampled_windows
from vireo.understanding.key_phrases import content_words

MIN_VIDEOS = 200
"""With fewer videos, co-occurrence of words is too rare."""
MAX_DIMENSION = 256
"""Dimensions; at most one per eight videos."""
MAX_WORDS = 50_000
MAX_SHARE = 0.5
"""Share of the videos above which a word is too common."""
_ROUNDS, _SPARE = 8, 32  # of the subspace iteration
_MAX_CHARACTERS = 400_000  # of one part

METADATA_WEIGHT, DIALOGUE_WEIGHT = 0.5, 1.0
"""Weights of metadata (title, description, tags) and of dialogue."""
FEW_WORDS = 100.0
"""Different content words at which the words of a video have half of their weight."""

Counts = Mapping[str, int]


@dataclass(frozen=True)
class TermCounts:
    """Counts of content words by video."""

    metadata: tuple[Counts, ...]
    """In its title, description and tags."""
    dialogue: tuple[Counts, ...]
    """In its dialogue."""

    @property
    def used(self) -> list[frozenset[str]]:
        """Content words by video."""
        return [
            frozenset(a.keys() | b.keys())
            for a, b in zip(self.metadata, self.dialogue, strict=True)
        ]


@dataclass(frozen=True)
class LsaModel:
    """Latent semantic analysis (Deerwester et al. 1990) of a catalogue."""

    words: tuple[str, ...]
    rarity: Floats
    """(v,) inverse document frequencies."""
    axes: Floats
    """(v, k) right singular vectors of the TF-IDF matrix, strongest first."""
    center: Floats
    """(k,) the mean of the catalogue, which is subtracted."""

    @property
    def dimension(self) -> int:
        return int(self.axes.shape[1])

    def rows(self, words: TermCounts) -> Floats:
        """(m, k) rows of a length below 1, which grows with the number of different words.

        Metadata and dialogue are projected separately and added, so that hours of dialogue
        do not drown the title, and either may be missing. A hundred words make a row of length
        0.7: a title of three words says little by its words; the embedding decides there.
        """
        metadata, dialogue = self._placed(words.metadata), self._placed(words.dialogue)
        known = [len(own & self._vectorizer.vocabulary_.keys()) for own in words.used]
        trust = np.array(known, dtype=np.float32)
        trust /= trust + FEW_WORDS
        return (
            unit_rows(METADATA_WEIGHT * metadata + DIALOGUE_WEIGHT * dialogue)
            * np.sqrt(trust)[:, None]
        )

    @cached_property
    def _vectorizer(self) -> Any:
        return _vectorizer(self.words)

    @cached_property
    def _tf_idf(self) -> Any:
        """(1 + log count) * idf, rows of length 1."""
        from sklearn.feature_extraction.text import TfidfTransformer

        transformer = TfidfTransformer(sublinear_tf=True)
        transformer.idf_ = self.rarity
        return transformer

    def _placed(self, counts: Sequence[Counts]) -> Floats:
        weights = self._tf_idf.transform(self._vectorizer.transform(counts))
        there = np.diff(weights.indptr) > 0
        latent = np.asarray(weights @ self.axes) - self.center
        return unit_rows(np.where(there[:, None], latent, 0.0).astype(np.float32))


def term_counts(texts: VideoTexts) -> TermCounts:
    """Count the content words of every video; of very long texts, evenly spread windows."""
    count = len(texts)
    metadata = (" \n".join(texts.part(part)[row] for part in PARTS[:-1]) for row in range(count))
    return TermCounts(
        metadata=tuple(_counted(text) for text in metadata),
        dialogue=tuple(_counted(text) for text in texts.dialogue),
    )


def _counted(text: str) -> Counts:
    return Counter(content_words(sampled_windows(text, _MAX_CHARACTERS)))


def fit_lsa(words: TermCounts) -> LsaModel | None:
    """TF-IDF and truncated SVD of a catalogue; None if it is too small.

    Terms of two videos or more, but of at most half of them; of very many, the most frequent.
    """
    from sklearn.feature_extraction.text import TfidfTransformer

    counts = [_sum(a, b) for a, b in zip(words.metadata, words.dialogue, strict=True)]
    counts = [own for own in counts if own]
    videos = Counter(word for own in counts for word in own)
    common = [word for word, n in videos.items() if 2 <= n <= MAX_SHARE * len(counts)]
    known = tuple(sorted(sorted(common, key=lambda word: (-videos[word], word))[:MAX_WORDS]))
    dimension = min(MAX_DIMENSION, len(counts) // 8, len(known) - 1)
    if len(counts) < MIN_VIDEOS or dimension < 1:
        return None
    transformer = TfidfTransformer(sublinear_tf=True)
    weights = transformer.fit_transform(_vectorizer(known).transform(counts))
    axes = _axes(weights, dimension)
    there = np.diff(weights.indptr) > 0
    center = np.asarray(weights[there] @ axes).mean(axis=0, dtype=np.float64)
    rarity = transformer.idf_.astype(np.float32)
    return LsaModel(known, rarity, axes, center.astype(np.float32))


def joined(language: Floats, lexical: Floats, weight: float) -> Floats:
    """One vector of what the sentences mean and which words they use.

    (n, d) unit rows and (n, k) rows of at most length 1 -> (n, d + k) unit rows, or zeros.
    """
    scaled = np.sqrt(np.float32(weight)) * lexical
    return unit_rows(np.hstack([language, scaled]).astype(np.float32))


def _sum(one: Counts, other: Counts) -> Counts:
    total = Counter(one)
    total.update(other)
    return total


def _vectorizer(words: Sequence[str]) -> Any:
    """Counts -> (m, v) sparse counts of known words."""
    from sklearn.feature_extraction import DictVectorizer

    vectorizer = DictVectorizer(dtype=np.float32)
    vectorizer.feature_names_ = list(words)
    vectorizer.vocabulary_ = {word: place for place, word in enumerate(words)}
    return vectorizer


def _axes(weights: Any, dimension: int) -> Floats:
    """(v, k) right singular vectors, strongest first, each with its largest entry above zero.

    Subspace iteration from fixed noise (Halko, Martinsson and Tropp 2011), as in scikit-learn's
    TruncatedSVD; see docs/decisions/0071-own-code-and-libraries.md.
    """
    width = min(dimension + _SPARE, *weights.shape)
    noise = np.random.default_rng(0)
    basis: Floats = noise.standard_normal((weights.shape[1], width), dtype=np.float32)
    for _ in range(_ROUNDS):
        basis = np.linalg.qr(weights.T @ np.linalg.qr(weights @ basis)[0])[0]  # (v, width)
    right = np.linalg.svd(weights @ basis, full_matrices=False)[2]  # (width, width)
    axes = basis @ right[:dimension].T
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return np.ascontiguousarray(axes * np.sign(largest), dtype=np.float32)
