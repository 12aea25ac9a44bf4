"""Only channels that are live at the moment of asking, by their weekly schedule."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.behavior.base import NO_TIME
from vireo.data.schedule import minute_of_week, slots
from vireo.recommend.base import Query
from vireo.recommend.gate import Filter


class Live(Filter):
    """The column `schedule`; without one, or without a clock, nothing counts as live."""

    name: ClassVar[str] = "live"
    _latest: tuple[int, Bools] = (-1, np.zeros(0, dtype=np.bool_))
    """The minute that was asked for last, and its answer."""

    def open(self, query: Query) -> Bools | None:
        if query.moment == NO_TIME:
            return np.zeros(len(self.catalogue), dtype=np.bool_)
        now = minute_of_week(query.moment)
        minute, allowed = self._latest
        if minute != now:
            allowed = self._at(now)
            self._latest = (now, allowed)  # within a minute everybody gets the same answer
        return allowed

    def _at(self, now: int) -> Bools:
        rows, starts, ends = self._slots
        allowed = np.zeros(len(self.catalogue), dtype=np.bool_)
        allowed[rows[(starts <= now) & (now < ends)]] = True
        return allowed

    @cached_property
    def _slots(self) -> tuple[Ints, Ints, Ints]:
        """Row of the video, first minute of the week, first minute after. (s,) each"""
        found = [
            (row, *slot)
            for row, text in enumerate(self.catalogue.terms["schedule"].to_list())
            for slot in (slots(text) or () if text else ())
        ]
        rows, starts, ends = np.array(found, dtype=np.int64).reshape(-1, 3).T
        return rows, starts, ends
