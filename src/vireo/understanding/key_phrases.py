"""Key phrases: runs of content words, rare in the catalog, frequent in a video."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt

from vireo.understanding.tokenize import folded, is_content, tokens_of

_LONGEST = 3
_SEPARATORS = str.maketrans(dict.fromkeys('.,;:!?…()[]{}"“”«»|/\\<>=*#&。！？、，', "\n"))


@dataclass
class _Found:
    surface: str
    count: float = 0.0


@dataclass(frozen=True)
class Phrase:
    """A phrase as it is written in a text, and how much it says of it."""

    text: str
    score: float


def key_phrases(
    texts: Sequence[tuple[str, float]], rarity: Mapping[str, float], most: int
) -> tuple[Phrase, ...]:
    """At most `most` phrases of one to three words, best first.

    texts: (text, weight). rarity: inverse document frequency per folded word; a word without one
    is too common to be in a phrase. Candidates are runs of content words between stopwords and
    punctuation (Rose et al. 2010); the score is weighted count times the rarity of the words.
    A phrase that shares a word with a better one is left out.
    """
    found: dict[tuple[str, ...], _Found] = {}
    for text, weight in texts:
        for run in _runs(text, rarity):
            for words in _candidates(run):
                key = tuple(folded(word) for word in words)
                found.setdefault(key, _Found(_surface(words))).count += weight
    scores = {key: _score(key, one.count, rarity) for key, one in found.items()}
    chosen: list[Phrase] = []
    taken: set[str] = set()
    for key in sorted(scores, key=lambda key: (-scores[key], key)):
        if len(chosen) == most:
            break
        if taken.isdisjoint(key):
            chosen.append(Phrase(found[key].surface, scores[key]))
            taken.update(key)
    return tuple(chosen)


def _runs(text: str, rarity: Mapping[str, float]) -> Iterator[list[str]]:
    """Neighbouring content words, uninterrupted by punctuation or other words."""
    for piece in text.translate(_SEPARATORS).split("\n"):
        for allowed, run in groupby(tokens_of(piece), lambda word: folded(word) in rarity):
            if allowed:
                yield list(run)


def _candidates(run: list[str]) -> Iterator[list[str]]:
    """The run itself, if short enough, and its single words; a longer run's neighbors in pairs."""
    if 1 < len(run) <= _LONGEST:
        yield run
    elif len(run) > _LONGEST:
        for start in range(len(run) - 1):
            yield run[start : start + 2]
    for word in run:
        if len(word) > 2 or not word.isascii():
            yield [word]


def _surface(words: list[str]) -> str:
    """The phrase as it is written, without a possessive at its end."""
    return " ".join(words).removesuffix("'s").removesuffix("’s")


def _score(key: tuple[str, ...], count: float, rarity: Mapping[str, float]) -> float:
    mean = sum(rarity[word] for word in key) / len(key)
    # a phrase says more than a word, but not as much more as it is longer
    return count * mean * sqrt(len(key))


def content_words(text: str) -> Iterator[str]:
    """The folded content words of a text, in order."""
    for word in tokens_of(text):
        if is_content(folded(word)):
            yield folded(word)
