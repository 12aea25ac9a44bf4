"""Shelves: what the steps of a list reach for. Made once, shared by all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from vireo.arrays import Floats
from vireo.interest.base import InterestModel
from vireo.language.generate.base import Generator
from vireo.recommend.base import RecommendSection
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.retrieve.opinions import Ensemble

SAMPLE = 4096
"""Videos that stand for all, where one asks what is usual."""


@dataclass(frozen=True)
class StepContext:
    """The catalogue, the models of interest, the settings."""

    catalogue: Catalogue
    model: InterestModel
    section: RecommendSection
    writer: Generator | None = None
    """The model that writes, where one is configured and asked for."""
    min_people: int = 5
    """Counts of people are shown from this many on: smaller groups could be recognised."""

    @cached_property
    def ensemble(self) -> Ensemble:
        """The experts, made ready to be heard for one viewer at a time."""
        return Ensemble.of(self.model, len(self.catalogue), self.catalogue.index_specs)

    @cached_property
    def usual(self) -> tuple[Floats, Floats]:
        """(d,) and (d, d): mean and covariance of a sample of the content rows.

        Mean and spread of the sample's likenesses to any taste follow from these two.
        """
        rows = self.catalogue.unit_content
        sample = rows[:: len(rows) // SAMPLE + 1]
        mean = sample.mean(axis=0)
        around = sample - mean
        return mean, around.T @ around / np.float32(max(len(sample), 1))

    def keep(self, before: StepContext) -> None:
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
