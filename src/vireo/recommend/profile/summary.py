"""Profile: a viewer's interests with their weights and the videos that show them, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vireo.behavior.base import History
from vireo.recommend.base import ParsedPreference
from vireo.recommend.catalogue import Catalogue

MAX_INTERESTS = 4
"""Interests that are named."""
EVIDENCE = 3
"""Videos that are named for each."""
MIN_VIDEOS = 2
"""One video is no interest."""


@dataclass(frozen=True)
class Interest:
    """A topic that a viewer returns to."""

    topic: str
    share: float
    """Share of the positives, by weight."""
    videos: tuple[tuple[str, str], ...]
    """(id, title) of the videos that show it, what weighs most first."""


@dataclass(frozen=True)
class Profile:
    """Interests of a user as data and as a sentence."""

    user_id: str
    events: int
    """Number of positives."""
    interests: tuple[Interest, ...]
    preferences: tuple[str, ...]
    """In the viewer's own words."""
    sentence: str
    author: str = "template"
    """Author of the sentence: `template`, or the name of the LLM."""
    reason: str = ""
    """Why a model that was to write it did not; empty otherwise."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return self.sentence


def profile_of(
    catalogue: Catalogue,
    user_id: str,
    history: History,
    preferences: Sequence[ParsedPreference],
    fewest: int,
) -> Profile:
    """Profile of a user; it describes no interests below `fewest` positives."""
    videos = np.unique(history.positives.videos)
    stated = tuple(dict.fromkeys(preference.text for preference in preferences))
    if len(videos) < fewest:
        known = f"{len(videos)} of the {fewest} videos that a description needs"
        sentence = f"Too little is known yet: {known}.{_stated(stated)}"
        return Profile(user_id, len(videos), (), stated, sentence)
    interests = _interests(catalogue, history)
    sentence = _sentence(interests, len(videos)) + _stated(stated)
    return Profile(user_id, len(videos), interests, stated, sentence)


def _interests(catalogue: Catalogue, history: History) -> tuple[Interest, ...]:
    liked = history.positives
    rows = np.unique(liked.videos)
    weights = np.bincount(liked.videos, weights=liked.weights)[rows]
    topics = catalogue.topic_of[rows]
    sums = np.bincount(topics[topics >= 0], weights=weights[topics >= 0])
    counts = np.bincount(topics[topics >= 0], minlength=len(sums))
    order = [t for t in np.argsort(-sums, kind="stable").tolist() if counts[t] >= MIN_VIDEOS]
    total = float(weights.sum())
    found = []
    for topic in order[:MAX_INTERESTS]:
        own = rows[topics == topic]
        best = own[np.argsort(-weights[topics == topic], kind="stable")][:EVIDENCE]
        shown = tuple((catalogue.ids[row], catalogue.titles[row]) for row in best.tolist())
        name = catalogue.topics[int(best[0])] or ""
        found.append(Interest(name, round(float(sums[topic]) / total, 3), shown))
    return tuple(found)


def _sentence(interests: Sequence[Interest], events: int) -> str:
    if not interests:
        return f"The {events} videos that you liked have no topic in common."
    parts = [
        f"{interest.topic} ({interest.share:.0%}, as in {_titles(interest)})"
        for interest in interests
    ]
    most = f"You watch mostly {parts[0]}" if interests[0].share >= 0.5 else f"You like {parts[0]}"
    return "; also ".join([most, *parts[1:]]) + "."


def _titles(interest: Interest) -> str:
    return " and ".join(f"“{title}”" for _, title in interest.videos[:2])


def _stated(preferences: Sequence[str]) -> str:
    return f" You asked for: {'; '.join(f'“{one}”' for one in preferences)}." if preferences else ""
