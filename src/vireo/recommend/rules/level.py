"""Levels: at most one step above the highest level at which the viewer has done something."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.recommend.base import Query
from vireo.recommend.eligibility import EligibilityRule

UNKNOWN = np.iinfo(np.int64).min


class Level(EligibilityRule):
    """The column `level`; videos without one, and viewers of unknown level, are not held back."""

    name: ClassVar[str] = "level"

    def applies(self) -> bool:
        return bool((self._levels != UNKNOWN).any())

    def mask(self, query: Query) -> Bools | None:
        reached = self.key(query)
        return None if reached == UNKNOWN else np.asarray(self._levels <= reached + 1)

    def key(self, query: Query) -> int:
        return int(self._levels[query.history.positives.videos].max(initial=UNKNOWN))

    @cached_property
    def _levels(self) -> Ints:
        """(n,) UNKNOWN where nothing was said."""
        return self.catalogue.terms["level"].fill_null(UNKNOWN).to_numpy()
