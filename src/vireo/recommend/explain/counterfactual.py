"""The counterfactual: which of the viewer's own videos put this one on their list.

Videos of the history are removed, largest contribution first, and the list is computed again after
each; those that are not needed are then put back. So the statement holds. Going by contributions
finds a small set fast, not always the smallest: that would take a list per subset.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vireo.arrays import Ints
from vireo.behavior.base import History
from vireo.interest.base import InterestModel
from vireo.recommend.base import Query
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.explain.contributions import contributions

MAX_VIDEOS = 8
"""Own videos that are taken away before the search ends."""
MakeList = Callable[[Query], Ints]
"""A question -> the rows on its list, best first."""


@dataclass(frozen=True)
class Counterfactual:
    """Videos of the history without which a video leaves the list, by computing the list again."""

    listed: bool
    """Whether the video is on the list at all."""
    videos: tuple[tuple[str, str], ...]
    """(id, title); none where nothing was found."""
    lists: int
    """Number of computed lists."""

    def as_json(self) -> dict[str, Any]:
        shown = [{"video_id": video, "title": title} for video, title in self.videos]
        return {"listed": self.listed, "without": shown, "lists_made": self.lists}

    def __str__(self) -> str:
        if not self.listed:
            return "It is not on the list."
        if not self.videos:
            return f"No {MAX_VIDEOS} or fewer own videos were found whose removal would drop it."
        titles = " and ".join(f"“{title}”" for _, title in self.videos)
        return f"Without {titles} it would not be on the list (computed again without them)."


def counterfactual(
    make: MakeList, catalogue: Catalogue, model: InterestModel, query: Query, video: int
) -> Counterfactual:
    """A set of own videos whose removal takes the video in this row off the query's list.

    No video of the set could be left in. What is taken away is not offered instead.
    """
    counted = _Counted(make)
    if video not in counted(query):
        return Counterfactual(False, (), 0)
    counted.lists = 0
    own = contributions(model, query.history, video).among(query.visible)
    order = own.videos[np.argsort(-own.shares, kind="stable")][:MAX_VIDEOS].tolist()
    gone: list[int] = []
    for candidate in order:
        gone.append(candidate)
        if video not in counted(without(query, gone)):
            break
    else:
        return Counterfactual(True, (), counted.lists)
    for candidate in list(gone[:-1]):  # the last one was needed
        rest = [row for row in gone if row != candidate]
        if video not in counted(without(query, rest)):
            gone = rest
    shown = tuple((catalogue.ids[row], catalogue.titles[row]) for row in gone)
    return Counterfactual(True, shown, counted.lists)


def without(query: Query, videos: Sequence[int]) -> Query:
    """The query without these videos in the history; they are not candidates either."""
    history = query.history
    keep = ~np.isin(history.videos, videos)
    rest = History(history.videos[keep], history.weights[keep], history.times[keep])
    return replace(query, history=rest, exclude=query.exclude | frozenset(videos))


class _Counted:
    """Counts the lists that are made."""

    def __init__(self, make: MakeList) -> None:
        self._make = make
        self.lists = 0

    def __call__(self, query: Query) -> set[int]:
        self.lists += 1
        return set(self._make(query).tolist())
