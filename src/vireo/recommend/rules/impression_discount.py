"""What was shown again and again and not watched fades."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vireo.arrays import Floats, Ints
from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext


class ImpressionDiscount:
    """Takes `impression_fade` deviations from the score per showing, and sorts anew."""

    def __init__(self, shelves: StepContext) -> None:
        self._fade = shelves.section.impression_discount
        self.enabled = self._fade > 0

    def __call__(self, query: Query, slate: Slate) -> Slate:
        if not query.impressions or self._fade <= 0 or not len(slate):
            return slate
        scores = slate.scores - np.float32(self._fade) * _times(query.impressions, slate.videos)
        return slate.ranked(scores)


def _times(impressions: Mapping[int, int], videos: Ints) -> Floats:
    """How often each of the videos was shown. (c,)"""
    shown = np.zeros(len(videos), dtype=np.float32)
    rows = np.fromiter(impressions, dtype=np.int64, count=len(impressions))
    for place in np.flatnonzero(np.isin(videos, rows)).tolist():  # few of all that were shown
        shown[place] = impressions[int(videos[place])]
    return shown
