"""The sum of all sources, best first; ties go to the more watched video, then the earlier row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vireo.recommend.base import Query, Slate
from vireo.recommend.shelves import Shelves


class Total:
    """Weighted, standardised scores, trained apart, are simply added."""

    def __init__(self, shelves: Shelves) -> None:
        self._viewers = shelves.catalogue.viewers

    def __call__(self, query: Query, slate: Slate) -> Slate:
        columns = list(slate.sources.values())
        zeros = np.zeros(len(slate), dtype=np.float32)
        total = np.sum([zeros, *columns], axis=0).astype(np.float32)
        order = np.lexsort((slate.videos, -self._viewers[slate.videos], -total))
        return replace(slate, scores=total).take(order)
