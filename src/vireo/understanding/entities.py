"""Names of people, places and works: words capitalized inside sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from vireo.language import VideoTexts
from vireo.language.chunks import sampled_windows
from vireo.understanding.tokenize import folded, is_content, sentences_of

MAX_NAMES = 8
_LONGEST = 5  # words
_MAX_LARGE, _MAX_LARGE_UNKNOWN = 0.5, 0.3
"""Share of large words inside sentences above which they tell nothing: headlines; and German, where
the language is not known."""
_NOUNS_LARGE = frozenset({"de", "lb"})
_MAX_CHARACTERS = 100_000  # of one part
_ASIDE = re.compile(r"[(\[][^)\]]{0,60}[)\]]")  # "(Laughter)", "[Music]"
_WORD = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W_]+(?:['’-][^\W_]+)*|[^\w\s]")
_COMPOUND = re.compile(r"-[a-z]+$")  # "English-language" is no name
_JOINING = frozenset({"of", "de", "la", "van", "von", "der", "del", "di", "da", "bin", "al"})
_NO_NAMES_TOLD = """
    i i'm i'd i'll i've ok okay tv mr mrs ms dr monday tuesday wednesday thursday friday saturday
    sunday january february march april may june july august september october november december
    god yes no so well oh hey thank thanks
    """
_NO_NAMES = frozenset(_NO_NAMES_TOLD.split())
_WEIGHTS: Mapping[str, float] = {"title": 2.0, "description": 2.0, "screen": 0.5, "dialogue": 1.0}


@dataclass
class _Name:
    surface: str
    weight: float = 0.0


def small_words(texts: VideoTexts) -> frozenset[str]:
    """Folded words that a catalogue writes small at least as often as large inside sentences."""
    small: Counter[str] = Counter()
    for part in _WEIGHTS:
        for text in texts.part(part):
            for word in _WORD.findall(sampled_windows(text, _MAX_CHARACTERS)):
                if word[0].isalpha():
                    small[folded(word)] += 1 if word[0].islower() else -1
    return frozenset(word for word, more in small.items() if more >= 0)


def names_of_things(
    texts: Mapping[str, str], language: str = "", starters: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """At most eight names, most frequent first. texts: part -> text.

    language: ISO 639-1 or "". Empty for languages that capitalize common words.

    starters: words that are no part of a name where they begin a sentence ("Photographer Ann
    Lee" is Ann Lee).

    A name is a run of words with large first letters inside a sentence; its first word counts at
    the beginning of one where the same name also stands inside another. Words that the video
    writes small elsewhere are no names, nor is anything in a text where most words are large.
    """
    if language in _NOUNS_LARGE:
        return ()
    most_large = _MAX_LARGE if language else _MAX_LARGE_UNKNOWN
    small = _small_words(texts.values())
    found: dict[str, _Name] = {}
    starts: Counter[str] = Counter()
    for part, weight in _WEIGHTS.items():
        for sentence in _usable(texts.get(part, ""), most_large):
            for place, run in _runs(sentence):
                begins = place == 0  # every sentence begins large
                if begins and (folded(run[0]) in starters or not _is_name(run[0], small)):
                    run, begins = run[1:], False
                words = _trimmed(run)
                if not words or (len(words) == 1 and not _is_name(words[0], small)):
                    continue
                key = " ".join(map(folded, words))
                if begins and len(words) == 1:
                    starts[key] += 1
                    continue
                one = found.setdefault(key, _Name(_surface(words)))
                one.weight += weight
    for key, count in starts.items():
        if key in found:
            found[key].weight += count
    return _chosen(found)


def _usable(text: str, most_large: float) -> Iterator[list[str]]:
    """The words of each sentence; none of a text in which large letters tell nothing."""
    sentences = [_WORD.findall(one) for one in sentences_of(_ASIDE.sub(" ", text))]
    inner = [word for words in sentences for word in words[1:] if word[0].isalpha()]
    large = sum(1 for word in inner if word[0].isupper() and folded(word) not in _NO_NAMES)
    if inner and large <= most_large * len(inner):
        yield from sentences


def _runs(words: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Neighbouring large words and where they begin; small joining words may stand between."""
    place = 0
    for large, group in groupby(_marked(words), lambda pair: pair[1]):
        run = [word for word, _ in group]
        if large:
            yield place, run
        place += len(run)


def _marked(words: Sequence[str]) -> list[tuple[str, bool]]:
    large = [word[0].isupper() and not _COMPOUND.search(word) for word in words]
    for place in range(1, len(words) - 1):
        if words[place] in _JOINING and large[place - 1] and large[place + 1]:
            large[place] = True
    return list(zip(words, large, strict=True))


def _trimmed(run: Sequence[str]) -> list[str]:
    """The run without what is never part of a name at its ends."""
    words = list(run)
    while words and folded(words[0]) in _NO_NAMES:
        words.pop(0)
    while words and folded(words[-1]) in _NO_NAMES:
        words.pop()
    return words if len(words) <= _LONGEST else []


def _is_name(word: str, small: frozenset[str]) -> bool:
    key = folded(word)
    return key not in _NO_NAMES and key not in small and is_content(key)


def _small_words(texts: Iterable[str]) -> frozenset[str]:
    """Folded words that the texts write small somewhere."""
    return frozenset(
        folded(word) for text in texts for word in _WORD.findall(text) if word[0].islower()
    )


def _surface(words: Sequence[str]) -> str:
    return " ".join(words).removesuffix("'s").removesuffix("’s")


def _chosen(found: Mapping[str, _Name]) -> tuple[str, ...]:
    """The heaviest; of two names of which one holds the other ("Curie") the heavier alone."""
    order = sorted(found, key=lambda key: (-found[key].weight, -len(key), key))
    kept: list[str] = []
    for key in order:
        inside = any(f" {key} " in f" {other} " or f" {other} " in f" {key} " for other in kept)
        if not inside and len(kept) < MAX_NAMES:
            kept.append(key)
    return tuple(found[key].surface for key in kept)
