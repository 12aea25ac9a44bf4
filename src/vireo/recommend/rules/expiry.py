"""Expiry: videos that were published too long ago do not come."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property
from typing import ClassVar

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.behavior.base import DAY, NO_TIME
from vireo.recommend.base import Query
from vireo.recommend.eligibility import EligibilityRule


class Expiry(EligibilityRule):
    """Older than `max_age_days` at the moment of asking; videos without a date do not expire."""

    name: ClassVar[str] = "expiry"

    def applies(self) -> bool:
        return self.section.max_age_days > 0

    def mask(self, query: Query) -> Bools | None:
        days, published = self.section.max_age_days, self.catalogue.published
        if days <= 0 or query.moment == NO_TIME:
            return None
        recent = published >= query.moment - int(days * DAY)
        return np.asarray((published == NO_TIME) | recent)

    def key(self, query: Query) -> Hashable:
        days = self.section.max_age_days
        if days <= 0 or query.moment == NO_TIME:
            return "nothing expires"
        return int(np.searchsorted(self._dates, query.moment - int(days * DAY)))

    @cached_property
    def _dates(self) -> Ints:
        """The moments of publication, rising: between two of them nothing more expires."""
        return np.unique(self.catalogue.published)
