"""History of one user's live events, weighted with the scales of the build."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vireo.arrays import Doubles
from vireo.behavior.base import BehaviorSection, Histories, History
from vireo.behavior.clean import clean
from vireo.behavior.event_arrays import EventArrays
from vireo.behavior.weights import highest_rating, weights_of
from vireo.store.base import LiveEvent


@dataclass(frozen=True)
class OnlineWeighting:
    """Scales of a build, to weight later events."""

    section: BehaviorSection
    now: int
    """Time of the last event of the build (ms); NO_TIME: events do not decay."""
    rating_max: float | None
    usual: Mapping[str, float]
    """Mean watch ratios by duration class."""
    durations: Doubles
    """(n,) seconds, NaN if unknown."""

    @classmethod
    def after(
        cls, built: Histories, section: BehaviorSection, durations: Doubles
    ) -> OnlineWeighting:
        """The scales of a build."""
        usual = built.report.get("usual_shares", {})
        return cls(section, built.now, built.report.get("rating_max"), usual, durations)

    def history(self, events: Sequence[LiveEvent], row_of: Callable[[str], int | None]) -> History:
        """The events of one user as a history; `row_of` gives the row of a video id."""
        arrays = EventArrays.from_live(events, row_of, self.durations)
        highest = self.rating_max or highest_rating(arrays)
        kept, _ = clean(arrays, self.section)
        weights = weights_of(kept, self.section, self.now, highest, self.usual)
        used = np.flatnonzero(~np.isnan(weights) & (weights != 0))
        if not len(used):
            return History.empty()
        return History(kept.video[used], weights[used].astype(np.float32), kept.time[used])
