"""Texts -> latent semantic vectors: which words a video uses, beside what its sentences mean.

A language model averages a long dialogue into what all dialogues share. Rare words, the names of
things, are what distinguishes two hours of talk, and counting them does not average out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from vireo.arrays import Floats, unit_rows
from vireo.language import PARTS, VideoTexts
from vireo.language.chunks import sampled_windows
from vireo.understanding.key_phrases import content_words

LEAST_VIDEOS = 200
"""With fewer videos too few words come together often enough to say what goes with what."""
WIDEST = 256
"""Dimensions; fewer where there are fewer than eight videos to each."""
MOST_WORDS = 50_000
_TOO_COMMON = 0.5
_ROUNDS, _SPARE = 8, 32  # of the iteration that finds the axes
_MOST_CHARACTERS = 400_000  # of one part: more than most films say

METADATA_WEIGHT, DIALOGUE_WEIGHT = 0.5, 1.0
"""Weights of metadata (title, description, tags) and of dialogue."""
FEW_WORDS = 100.0
"""Different content words at which the words of a video have half of their weight."""

Counts = Mapping[str, int]


@dataclass(frozen=True)
class TermCounts:
    """How often each video uses each content word."""

    metadata: tuple[Counts, ...]
    """In its title, description and tags."""
    dialogue: tuple[Counts, ...]
    """In its dialogue."""

    @property
    def used(self) -> list[frozenset[str]]:
        """Per video its content words, wherever they stand."""
        return [
            frozenset(a.keys() | b.keys())
            for a, b in zip(self.metadata, self.dialogue, strict=True)
        ]


@dataclass(frozen=True)
class LsaModel:
    """Latent semantic analysis (Deerwester et al. 1990) of a catalogue, ready for more texts."""

    words: tuple[str, ...]
    rarity: Floats
    """(v,) inverse document frequencies."""
    axes: Floats
    """(v, k) the strongest right singular vectors of the catalogue."""
    centre: Floats
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
        known = [len(own & self._place.keys()) for own in words.used]
        trust = np.array(known, dtype=np.float32)
        trust /= trust + FEW_WORDS
        return (
            unit_rows(METADATA_WEIGHT * metadata + DIALOGUE_WEIGHT * dialogue)
            * np.sqrt(trust)[:, None]
        )

    def _placed(self, counts: Sequence[Counts]) -> Floats:
        weights = _weights(counts, self._place, self.rarity)
        there = np.asarray(weights.sum(axis=1)).ravel() > 0
        latent = np.asarray(weights @ self.axes) - self.centre
        return unit_rows(np.where(there[:, None], latent, 0.0).astype(np.float32))

    @cached_property
    def _place(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words)}


def term_counts(texts: VideoTexts) -> TermCounts:
    """Count the content words of every video; of very long texts, evenly spread windows."""
    count = len(texts)
    metadata = (" \n".join(texts.part(part)[row] for part in PARTS[:-1]) for row in range(count))
    return TermCounts(
        metadata=tuple(_counted(text) for text in metadata),
        dialogue=tuple(_counted(text) for text in texts.dialogue),
    )


def _counted(text: str) -> Counts:
    return Counter(content_words(sampled_windows(text, _MOST_CHARACTERS)))


def fit_lsa(words: TermCounts) -> LsaModel | None:
    """Learn the lexicon of a catalogue; None where it is too small for one."""
    counts = [_sum(a, b) for a, b in zip(words.metadata, words.dialogue, strict=True)]
    held = sum(1 for own in counts if own)
    known, rarity = _vocabulary(counts, held)
    dimension = min(WIDEST, held // 8, len(known) - 1)
    if held < LEAST_VIDEOS or dimension < 1:
        return None
    weights = _weights(counts, {word: number for number, word in enumerate(known)}, rarity)
    axes = _axes(weights, dimension)
    there = np.asarray(weights.sum(axis=1)).ravel() > 0
    centre = np.asarray(weights[there] @ axes).mean(axis=0, dtype=np.float64)
    return LsaModel(tuple(known), rarity, axes, centre.astype(np.float32))


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


def _vocabulary(counts: Sequence[Counts], videos: int) -> tuple[list[str], Floats]:
    """Words of two videos or more, but of no more than half; of very many, the commonest."""
    held = Counter(word for own in counts for word in own)
    kept = [word for word, n in held.items() if 2 <= n <= _TOO_COMMON * videos]
    kept = sorted(sorted(kept, key=lambda word: (-held[word], word))[:MOST_WORDS])
    often = np.array([held[word] for word in kept], dtype=np.float64)
    return kept, (1.0 + np.log((1 + videos) / (1 + often))).astype(np.float32)


def _weights(
    counts: Sequence[Counts], place: Mapping[str, int], rarity: Floats
) -> sparse.csr_array:
    """(m, v) rows of length 1: 1 + log(count), times the rarity of the word."""
    rows, columns, values = [], [], []
    for row, own in enumerate(counts):
        for word, count in own.items():
            if word in place:
                rows.append(row)
                columns.append(place[word])
                values.append(count)
    weights = (1.0 + np.log(np.array(values, dtype=np.float64))) * rarity[columns]
    lengths = np.sqrt(np.bincount(rows, weights**2, minlength=len(counts)))
    scaled = (weights / lengths[rows]).astype(np.float32)
    return sparse.csr_array((scaled, (rows, columns)), shape=(len(counts), len(place)))


def _axes(weights: sparse.csr_array, dimension: int) -> Floats:
    """(v, k), strongest first, each with its largest entry above zero.

    Subspace iteration from fixed noise (Halko, Martinsson and Tropp 2011): the solvers of SciPy
    use new random starts where words always occur together, and then differ from run to run.
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
