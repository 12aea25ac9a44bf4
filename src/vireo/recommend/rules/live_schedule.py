"""Only channels that are live at the moment of asking, by their weekly schedule."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property
from typing import ClassVar

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.behavior.base import NO_TIME
from vireo.data.schedule import minute_of_week, slots
from vireo.recommend.base import Query
from vireo.recommend.eligibility import EligibilityRule


class LiveSchedule(EligibilityRule):
    """The column `schedule`; without one, or without a clock, nothing counts as live."""

    name: ClassVar[str] = "live"

    def mask(self, query: Query) -> Bools | None:
        if query.moment == NO_TIME:
            return np.zeros(len(self.catalogue), dtype=np.bool_)
        now = minute_of_week(query.moment)
        rows, starts, ends = self._slots
        allowed = np.zeros(len(self.catalogue), dtype=np.bool_)
        allowed[rows[(starts <= now) & (now < ends)]] = True
        return allowed

    def key(self, query: Query) -> Hashable:
        return "no clock" if query.moment == NO_TIME else minute_of_week(query.moment)

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
