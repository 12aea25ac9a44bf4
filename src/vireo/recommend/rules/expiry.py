"""Expiry: videos that were published too long ago do not come."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vireo.arrays import Bools
from vireo.behavior.base import DAY, NO_TIME
from vireo.recommend.base import Query
from vireo.recommend.gate import Filter


class Expiry(Filter):
    """Older than `max_age_days` at the moment of asking; videos without a date do not expire."""

    name: ClassVar[str] = "expiry"

    def open(self, query: Query) -> Bools | None:
        days, published = self.section.max_age_days, self.catalogue.published
        if days <= 0 or query.moment == NO_TIME:
            return None
        recent = published >= query.moment - int(days * DAY)
        return np.asarray((published == NO_TIME) | recent)
