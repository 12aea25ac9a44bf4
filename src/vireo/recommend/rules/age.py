"""Age ratings: videos rated above the user's age are excluded. Never relaxed."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property
from typing import ClassVar

import numpy as np
import polars as pl

from vireo.arrays import Bools, Doubles
from vireo.recommend.base import Query
from vireo.recommend.eligibility import EligibilityRule


class AgeRating(EligibilityRule):
    """Column `age_rating`; defaults are `default_user_age` and `default_age_rating`."""

    name: ClassVar[str] = "age"

    def applies(self) -> bool:
        return self._highest > 0

    def mask(self, query: Query) -> Bools | None:
        age = self._age(query)
        return None if age >= self._highest else self._youngest <= age

    def key(self, query: Query) -> Hashable:
        return int(np.searchsorted(self._steps, self._age(query), side="right"))

    def _age(self, query: Query) -> float:
        age = query.attributes.age
        return self.section.audience.default_user_age if age is None else age

    @cached_property
    def _youngest(self) -> Doubles:
        """(n,) the youngest age that may see each video."""
        ages = self.catalogue.terms["age_rating"].cast(pl.Float64)
        return ages.fill_null(self.section.audience.default_age_rating).to_numpy()

    @cached_property
    def _steps(self) -> Doubles:
        """The ages at which more opens, rising."""
        return np.unique(self._youngest)

    @cached_property
    def _highest(self) -> float:
        return float(self._youngest.max(initial=0.0))
