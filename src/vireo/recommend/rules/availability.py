"""Availability windows. Never relaxed; without a request time only videos without a window."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property
from typing import ClassVar

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.behavior.base import NO_TIME
from vireo.recommend.base import Query
from vireo.recommend.eligibility import EligibilityRule

_EVER = np.iinfo(np.int64)


class AvailabilityWindow(EligibilityRule):
    """`available_from` is the first moment (ms), `available_until` the first one too late."""

    name: ClassVar[str] = "availability"

    def applies(self) -> bool:
        return bool(self._bounded.any())

    def mask(self, query: Query) -> Bools | None:
        if query.moment == NO_TIME:
            return ~self._bounded
        return np.asarray((self._first <= query.moment) & (query.moment < self._last))

    def key(self, query: Query) -> Hashable:
        if query.moment == NO_TIME:
            return "no clock"
        return int(np.searchsorted(self._edges, query.moment, side="right"))

    @cached_property
    def _edges(self) -> Ints:
        """The moments at which a window opens or closes, rising."""
        return np.unique(np.concatenate([self._first, self._last]))

    @cached_property
    def _first(self) -> Ints:
        return self.catalogue.terms["available_from"].fill_null(_EVER.min).to_numpy()

    @cached_property
    def _last(self) -> Ints:
        return self.catalogue.terms["available_until"].fill_null(_EVER.max).to_numpy()

    @cached_property
    def _bounded(self) -> Bools:
        """(n,) videos with a window."""
        return np.asarray((self._first != _EVER.min) | (self._last != _EVER.max))
