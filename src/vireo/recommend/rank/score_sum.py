"""The sum of all sources, best first; ties go to the more watched video, then the earlier row."""

from __future__ import annotations

import numpy as np

from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext


class ScoreSum:
    """Weighted, standardized scores, trained apart, are simply added."""

    def __init__(self, context: StepContext) -> None:
        self._viewers = context.catalogue.user_counts

    def __call__(self, query: Query, slate: Slate) -> Slate:
        total = np.zeros(len(slate.videos), dtype=np.float32)
        for column in slate.sources.values():
            total += column
        order = np.argsort(-total)
        ordered = total[order]
        if (ordered[1:] == ordered[:-1]).any():
            order = np.lexsort((slate.videos, -self._viewers[slate.videos], -total))
        return slate.replace(scores=total).take(order)
