"""What was shown again and again and not watched fades."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vireo.recommend.base import Query, Slate
from vireo.recommend.shelves import Shelves


class Impressions:
    """Takes `impression_fade` deviations from the score per showing, and sorts anew."""

    def __init__(self, shelves: Shelves) -> None:
        self._fade = shelves.section.impression_fade

    def __call__(self, query: Query, slate: Slate) -> Slate:
        if not query.impressions or self._fade <= 0 or not len(slate):
            return slate
        shown = [query.impressions.get(int(video), 0) for video in slate.videos]
        scores = slate.scores - np.float32(self._fade) * np.array(shown, dtype=np.float32)
        order = np.argsort(-scores, kind="stable")
        return replace(slate, scores=scores).take(order)
