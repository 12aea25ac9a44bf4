"""Seen videos are excluded, unless repeats are allowed."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.behavior.base import DAY, NO_TIME, History
from vireo.recommend.base import Query
from vireo.recommend.eligibility import EligibilityRule


def unfinished(history: History, share: float) -> Ints:
    """Positives of which the user watched less than this share (their weight), latest first."""
    if share <= 0:
        return history.videos[:0]
    done = history.videos[(history.weights >= share) | (history.weights <= 0)]
    begun = history.videos[::-1]
    _, first = np.unique(begun, return_index=True)
    latest_first = begun[np.sort(first)]
    return latest_first[~np.isin(latest_first, done)]


class Seen(EligibilityRule):
    """Bars the history and whatever the query excludes; disliked videos never come back."""

    name: ClassVar[str] = "seen"

    def mask(self, query: Query) -> Bools | None:
        allowed = np.ones(len(self.catalogue), dtype=np.bool_)
        self.narrow(query, allowed)
        return allowed

    def narrow(self, query: Query, allowed: Bools) -> None:
        allowed[self.barred(query)] = False
        allowed[np.fromiter(query.exclude, dtype=np.int64, count=len(query.exclude))] = False

    def barred(self, query: Query) -> Ints:
        """The rows of the history that stay away."""
        history = query.history
        if not self.section.allow_repeats:
            begun = unfinished(history, self.section.continue_below)
            return np.setdiff1d(history.videos, begun) if len(begun) else history.videos
        barred = history.weights <= 0
        away = int(self.section.repeat_after_days * DAY)
        if away and query.moment != NO_TIME:
            barred |= history.times > query.moment - away
        return history.videos[barred]
