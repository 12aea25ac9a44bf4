"""Freshness: a bonus for recent videos with half-life `freshness_half_life_days`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vireo.behavior.base import DAY, NO_TIME
from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext


class Freshness:
    """Adds `freshness` deviations to a video of this moment; videos without a date gain nothing."""

    def __init__(self, context: StepContext) -> None:
        self._section = context.section
        self._catalogue = context.catalogue
        self.enabled = self._section.freshness_boost > 0

    def __call__(self, query: Query, slate: Slate) -> Slate:
        if self._section.freshness_boost <= 0 or query.moment == NO_TIME or not len(slate):
            return slate
        published = self._catalogue.published[slate.videos]
        days = np.maximum(query.moment - published, 0) / DAY
        gain = self._section.freshness_boost * np.exp2(
            -days / self._section.freshness_half_life_days
        )
        added = np.where(published == NO_TIME, 0.0, gain).astype(np.float32)
        scores = slate.scores + added
        sources = {**slate.sources, "freshness": added}
        return replace(slate, sources=sources).ranked(scores)
