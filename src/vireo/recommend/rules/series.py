"""Series in order: the next part comes early, later parts go to the end."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Ints
from vireo.recommend.base import Query, Slate
from vireo.recommend.catalogue import numbered
from vireo.recommend.context import StepContext
from vireo.recommend.rules.required import allowed
from vireo.recommend.rules.seen import unfinished

NO_EPISODE = np.iinfo(np.int64).max
"""Parts without a number come last, in the catalogue's order."""


class Series:
    """The columns `series` and `episode`.

    What was left unfinished and the next part of every series that the viewer follows open the
    list, the latest watched series first, in `next_share` of its places. Of each series only the
    first part that is still to come stays where its score put it; the others go to the end.
    """

    def __init__(self, context: StepContext) -> None:
        terms = context.catalogue.terms
        self._section = context.section
        self._n = len(context.catalogue)
        self._series_of = numbered(terms["series"])
        episode = terms["episode"].fill_null(NO_EPISODE).to_numpy().astype(np.int64)
        rows = np.arange(self._n)
        self._in_order = np.lexsort((rows, episode, self._series_of))
        self._place = np.empty(self._n, dtype=np.int64)
        self._place[self._in_order] = rows

    def __call__(self, query: Query, slate: Slate) -> Slate:
        begun = unfinished(query.history, self._section.continue_below)
        following = self._next(query)
        rows = allowed(query, np.concatenate([begun, following[~np.isin(following, begun)]]))
        rows = rows[: max(1, round(self._section.series_share * query.k))]
        if self._section.series_share <= 0:
            rows = rows[:0]
        wide = slate.joined(rows)
        led = wide.move_to_front(wide.places_of(rows))
        return self._in_turn(query, led, len(rows)).marking("next", rows)

    def _next(self, query: Query) -> Ints:
        """The part after the last one watched, per series, the latest watched series first."""
        watched = query.history.positives.videos[::-1]
        watched = watched[self._series_of[watched] >= 0]
        if not len(watched):
            return watched
        _, first = np.unique(self._series_of[watched], return_index=True)
        last = watched[np.sort(first)]
        place = self._place[last] + 1
        inside = place < self._n
        rows = self._in_order[place[inside]]
        same = self._series_of[rows] == self._series_of[last[inside]]
        return np.asarray(rows[same])

    def _in_turn(self, query: Query, slate: Slate, led: int) -> Slate:
        """Of each series the first of the candidates stays, the later ones go to the end."""
        series = self._series_of[slate.videos]
        in_turn = np.argsort(self._place[slate.videos])  # parts of one series side by side
        ordered = series[in_turn]
        first = np.ones(len(slate), dtype=np.bool_)
        first[1:] = ordered[1:] != ordered[:-1]
        stays = series < 0
        stays[in_turn[first]] = True
        stays[np.isin(series, series[:led]) & (series >= 0)] = False
        stays[:led] = True
        return slate.move_to_front(np.flatnonzero(stays))
