"""Impression discount: videos shown and not watched lose score."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vireo.arrays import Floats, Ints
from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext


class ImpressionDiscount:
    """Subtracts `impression_discount` standard deviations per impression, then sorts again."""

    def __init__(self, context: StepContext) -> None:
        self._discount = context.section.impression_discount
        self.enabled = self._discount > 0

    def __call__(self, query: Query, slate: Slate) -> Slate:
        if not query.impressions or self._discount <= 0 or not len(slate):
            return slate
        scores = slate.scores - np.float32(self._discount) * _times(query.impressions, slate.videos)
        return slate.ranked(scores)


def _times(impressions: Mapping[int, int], videos: Ints) -> Floats:
    """How often each of the videos was shown. (c,)"""
    shown = np.zeros(len(videos), dtype=np.float32)
    rows = np.fromiter(impressions, dtype=np.int64, count=len(impressions))
    for place in np.flatnonzero(np.isin(videos, rows)).tolist():  # few of all that were shown
        shown[place] = impressions[int(videos[place])]
    return shown
