"""Sentences as a new viewer might write them: the topics of three videos that somebody wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vireo.arrays import Ints
from vireo.behavior.base import Histories
from vireo.recommend.catalogue import Catalogue

PICKED = 3
"""Videos behind a sentence."""
MOST_WORDS, FEWEST_WORDS = 8, 2
"""Tags, topics or categories in a sentence."""
FEWEST = 2 * PICKED
"""Wanted videos that a viewer must have, so that some are left to foretell."""


@dataclass(frozen=True)
class SyntheticQuery:
    """What a viewer could have written, and what they wanted besides."""

    sentence: str
    picked: Ints
    """Rows of the videos that the sentence is about."""
    wanted: Ints
    """All other rows that they wanted."""


def words_of(catalogue: Catalogue) -> list[list[str]]:
    """Per video its tags, its category, and the words that name its topic."""
    told = zip(
        catalogue.terms["tags"].to_list(),
        catalogue.table["category"].to_list(),
        catalogue.topics,
        strict=True,
    )
    return [
        [word for word in dict.fromkeys([*(tags or ()), *_said(category, topic)]) if _speaks(word)]
        for tags, category, topic in told
    ]


def _said(category: str | None, topic: str | None) -> list[str]:
    return [*([category] if category else []), *(topic.split(", ") if topic else [])]


def _speaks(word: str) -> bool:
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
    speaking = np.array([bool(said) for said in words], dtype=np.bool_)
    cases = []
    for user in users:
        wanted = np.unique(histories.row(user).positives.videos)
        if len(wanted) < FEWEST or int(speaking[wanted].sum()) < PICKED:
            continue
        picked = random.permutation(wanted[speaking[wanted]])[:PICKED]
        most = int(random.integers(FEWEST_WORDS, MOST_WORDS + 1)) if shorter else MOST_WORDS
        sentence = sentence_of(picked.tolist(), words, most)
        cases.append(SyntheticQuery(sentence, picked, np.setdiff1d(wanted, picked)))
    return cases
