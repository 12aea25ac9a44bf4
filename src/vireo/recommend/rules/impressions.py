"""What was shown again and again and not watched fades."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from vireo.arrays import Floats, Ints
from vireo.recommend.base import Query, Slate
from vireo.recommend.shelves import Shelves


class Impressions:
    """Takes `impression_fade` deviations from the score per showing, and sorts anew."""

    def __init__(self, shelves: Shelves) -> None:
        self._fade = shelves.section.impression_fade

    def __call__(self, query: Query, slate: Slate) -> Slate:
        if not query.impressions or self._fade <= 0 or not len(slate):
            return slate
        scores = slate.scores - np.float32(self._fade) * _times(query.impressions, slate.videos)
        order = np.argsort(-scores, kind="stable")
        return replace(slate, scores=scores).take(order)


def _times(impressions: Mapping[int, int], videos: Ints) -> Floats:
    """How often each of the videos was shown. (c,)"""
    rows, shown = np.array(sorted(impressions.items()), dtype=np.int64).T
    at = np.minimum(np.searchsorted(rows, videos), len(rows) - 1)
    return np.where(rows[at] == videos, shown[at], 0).astype(np.float32)
