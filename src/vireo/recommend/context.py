"""StepContext: catalogue, models and settings, shared by all steps of a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from vireo.arrays import Floats
from vireo.interest.base import InterestModel
from vireo.interest.ensemble import Ensemble
from vireo.interest.score_moments import Moments
from vireo.language.generate.base import Generator
from vireo.recommend.base import RecommendSection
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.index.ann_index import AnnIndex
from vireo.recommend.index.base import Index
from vireo.recommend.index.spec import IndexSpec

SAMPLE = 4096
"""Size of the sample for mean and covariance of the content."""


@dataclass(frozen=True)
class StepContext:
    """The catalogue, the models of interest, the settings."""

    catalogue: Catalogue
    model: InterestModel
    section: RecommendSection
    generator: Generator | None = None
    """The LLM, if one is configured and a step uses it."""
    min_people: int = 5
    """Counts of people are shown from this many on: smaller groups could be recognized."""

    @cached_property
    def ensemble(self) -> Ensemble:
        """The experts over this catalogue."""
        return self._indexed[0]

    @cached_property
    def indexes(self) -> Mapping[str, Index]:
        """Expert -> ANN index over its item vectors; empty where all videos are scored."""
        return self._indexed[1]

    @cached_property
    def _indexed(self) -> tuple[Ensemble, Mapping[str, Index]]:
        return indexed_ensemble(self.model, len(self.catalogue), self.catalogue.index_specs)

    @cached_property
    def usual(self) -> tuple[Floats, Floats]:
        """(d,) and (d, d): mean and covariance of a sample of the content rows."""
        rows = self.catalogue.unit_content
        sample = rows[:: len(rows) // SAMPLE + 1]
        mean = sample.mean(axis=0)
        around = sample - mean
        return mean, around.T @ around / np.float32(max(len(sample), 1))

    def keep(self, before: StepContext) -> None:
        """Copy the cached properties of a context with other user counts."""
        own = {entry.name for entry in fields(self)}
        self.__dict__.update({n: v for n, v in before.__dict__.items() if n not in own})


def indexed_ensemble(
    model: InterestModel, n_videos: int, specs: Mapping[str, IndexSpec]
) -> tuple[Ensemble, dict[str, Index]]:
    """The experts, and an ANN index for each that has a spec; rows after the build are added.

    With indexes no expert scores all videos: moments and sparse scores take their place.
    """
    plain = Ensemble.of(model, n_videos, sparse=bool(specs))
    if not specs:
        return plain, {}
    moments: dict[str, Moments] = {}
    indexes: dict[str, Index] = {}
    for name, handle in plain.handles.items():
        vectors, spec = handle.vectors, specs.get(name)
        if vectors is None or len(vectors) != n_videos:
            continue
        if vectors.shape[1] == 1:
            moments[name] = plain.moments(handle)
        elif spec is not None and spec.count <= n_videos:
            moments[name] = spec.moments
            if handle.expert.scores_cold_items and len(vectors) > spec.count:
                moments[name] = spec.moments.plus(Moments.of(vectors[spec.count :]))
            indexes[name] = AnnIndex.of(spec, vectors)
    return Ensemble.of(model, n_videos, moments, sparse=True), indexes


ReadText = Callable[[str], Floats]
"""A sentence -> its vector (d',) in the space of `Catalogue.text`."""


def standardized(values: Floats) -> Floats:
    """Zero mean, unit deviation; constant scores give zeros. (n,) -> (n,)"""
    spread = float(values.std())
    if spread < 1e-9:
        return np.zeros_like(values, dtype=np.float32)
    scaled: Floats = ((values - values.mean()) / spread).astype(np.float32)
    return scaled
