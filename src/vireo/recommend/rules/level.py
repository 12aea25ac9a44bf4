"""Levels: at most one step above the highest level at which the viewer has done something."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vireo.arrays import Bools
from vireo.recommend.base import Query
from vireo.recommend.gate import Filter

UNKNOWN = np.iinfo(np.int64).min


class Level(Filter):
    """The column `level`; videos without one, and viewers of unknown level, are not held back."""

    name: ClassVar[str] = "level"

    def open(self, query: Query) -> Bools | None:
        levels = self.catalogue.terms["level"].fill_null(UNKNOWN).to_numpy()
        reached = levels[query.history.liked.videos].max(initial=UNKNOWN)
        return None if reached == UNKNOWN else levels <= reached + 1
