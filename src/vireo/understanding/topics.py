"""Topics: clusters of similar videos, named by distinctive words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log, sqrt

import numpy as np

from vireo.arrays import Bools, Floats, Ints
from vireo.understanding.kmeans import spherical_kmeans

NO_TOPIC = -1
_FEWEST, _MOST = 2, 40
_MIN_VIDEOS = 4
_NAME_WORDS = 3


def topics_of(vectors: Floats, has_text: Bools, n_topics: int, seed: int) -> Ints:
    """(n, d) unit rows -> (n,) topic numbers, largest topic first; NO_TOPIC without text.

    `n_topics` topics, or for 0 the square root of twice the videos, within 2 and 40. Fewer than
    four videos form one topic.
    """
    count = int(has_text.sum())
    k = n_topics or min(_MOST, max(_FEWEST, round(sqrt(2 * count))))
    k = 1 if count < _MIN_VIDEOS else min(k, count)
    topics = np.full(len(vectors), NO_TOPIC, dtype=np.int64)
    topics[has_text] = spherical_kmeans(vectors[has_text], k, seed)
    return topics


def names_of(topic_of: Ints, words: Sequence[frozenset[str]]) -> tuple[str, ...]:
    """The three most distinctive words of each topic, joined with commas.

    Class-based TF-IDF (Grootendorst 2022) over how many videos hold a word rather than how often,
    so that one long video does not name a topic. words: per video its content words.
    """
    everywhere = Counter(word for own in words for word in own)
    names = []
    for number in range(int(topic_of.max(initial=NO_TOPIC)) + 1):
        members = np.flatnonzero(topic_of == number).tolist()
        here = Counter(word for row in members for word in words[row])
        least = 2 if len(members) > 2 else 1
        scores = {
            word: held / len(members) * log(1 + len(words) / everywhere[word])
            for word, held in here.items()
            if held >= least
        }
        best = sorted(scores, key=lambda word: (-scores[word], word))
        names.append(", ".join(_distinct(best, _NAME_WORDS)) or f"topic {number + 1}")
    return tuple(names)


def supported_topics(
    topic_of: Ints, topics: Sequence[str], words: Sequence[frozenset[str]]
) -> tuple[tuple[str, ...], ...]:
    """Words of each video's topic name that the video itself uses."""
    return tuple(
        tuple(word for word in topics[topic].split(", ") if word in own) if topic >= 0 else ()
        for topic, own in zip(topic_of.tolist(), words, strict=True)
    )


def _distinct(ranked: Sequence[str], most: int) -> list[str]:
    """The first words, without forms of one another (dog, dogs)."""
    chosen: list[str] = []
    for word in ranked:
        if len(chosen) == most:
            break
        if not any(word.startswith(other) or other.startswith(word) for other in chosen):
            chosen.append(word)
    return chosen
