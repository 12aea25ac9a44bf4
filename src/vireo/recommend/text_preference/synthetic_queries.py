"""Synthetic queries: topics of three positives of a user, as a cold-start user might write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vireo.arrays import Ints
from vireo.behavior.base import Histories
from vireo.recommend.catalogue import Catalogue

PICKED = 3
"""Videos behind a sentence."""
MAX_WORDS, MIN_WORDS = 8, 2
"""Tags, topics or categories in a sentence."""
MIN_POSITIVES = 2 * PICKED
"""Positives that a user must have, so that some are left to predict."""


@dataclass(frozen=True)
class SyntheticQuery:
    """A query made from some positives of a user, and the other positives as targets."""

    sentence: str
    picked: Ints
    """Rows of the videos that the sentence is about."""
    targets: Ints
    """All other positives."""


def words_of(catalogue: Catalogue) -> list[list[str]]:
    """Per video its tags, its category, and the words that name its topic."""
    terms = zip(
        catalogue.terms["tags"].to_list(),
        catalogue.table["category"].to_list(),
        catalogue.topics,
        strict=True,
    )
    return [
        [
            word
            for word in dict.fromkeys([*(tags or ()), *_said(category, topic)])
            if _is_descriptive(word)
        ]
        for tags, category, topic in terms
    ]


def _said(category: str | None, topic: str | None) -> list[str]:
    return [*([category] if category else []), *(topic.split(", ") if topic else [])]


def _is_descriptive(word: str) -> bool:
    return any(map(str.isalpha, word))


def sentence_of(videos: Sequence[int], words: Sequence[Sequence[str]], most: int) -> str:
    """The first words of each video, then the second ones, and so on: `drama, war, cairo`."""
    own = [words[row] for row in videos]
    longest = max(map(len, own), default=0)
    mixed = [said[place] for place in range(longest) for said in own if place < len(said)]
    return ", ".join(list(dict.fromkeys(mixed))[:most])


def cases_of(
    histories: Histories,
    words: Sequence[Sequence[str]],
    users: Sequence[int],
    random: np.random.Generator,
    *,
    shorter: bool = False,
) -> list[SyntheticQuery]:
    """One case per viewer with enough videos that have words; `shorter`: with fewer words."""
    described = np.array([bool(said) for said in words], dtype=np.bool_)
    cases = []
    for user in users:
        positives = np.unique(histories.row(user).positives.videos)
        if len(positives) < MIN_POSITIVES or int(described[positives].sum()) < PICKED:
            continue
        picked = random.permutation(positives[described[positives]])[:PICKED]
        most = int(random.integers(MIN_WORDS, MAX_WORDS + 1)) if shorter else MAX_WORDS
        sentence = sentence_of(picked.tolist(), words, most)
        cases.append(SyntheticQuery(sentence, picked, np.setdiff1d(positives, picked)))
    return cases
