"""Shelves: what the steps of a list reach for. Made once, shared by all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from vireo.arrays import Floats
from vireo.interest.base import InterestModel
from vireo.recommend.base import RecommendSection
from vireo.recommend.catalogue import Catalogue


@dataclass(frozen=True)
class Shelves:
    """The catalogue, the models of interest, the settings."""

    catalogue: Catalogue
    model: InterestModel
    section: RecommendSection
    min_people: int = 5
    """Counts of people are shown from this many on: smaller groups could be recognised."""

    def keep(self, before: Shelves) -> None:
        """Take over what was derived of the same model for another catalogue's counts."""
        own = {entry.name for entry in fields(self)}
        self.__dict__.update({n: v for n, v in before.__dict__.items() if n not in own})


ReadText = Callable[[str], Floats]
"""A sentence -> its vector (d',) in the space of `Catalogue.text`."""


def standardised(values: Floats) -> Floats:
    """Zero mean, unit deviation; no opinion (all equal) gives zeros. (n,) -> (n,)"""
    spread = float(values.std())
    if spread < 1e-9:
        return np.zeros_like(values, dtype=np.float32)
    scaled: Floats = ((values - values.mean()) / spread).astype(np.float32)
    return scaled


def top(values: Floats, count: int) -> np.ndarray:
    """Rows of the `count` highest values, highest first; ties in the catalogue's order."""
    if count <= 0:
        return np.zeros(0, dtype=np.int64)
    if count < len(values):
        floor = np.partition(values, len(values) - count)[len(values) - count]
        rows = np.flatnonzero(values >= floor)
    else:
        rows = np.arange(len(values))
    return rows[np.argsort(-values[rows], kind="stable")][:count]
