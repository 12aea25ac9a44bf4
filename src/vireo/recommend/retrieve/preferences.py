"""Score offsets of all videos from a user's stated preferences."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Floats
from vireo.recommend.base import ParsedPreference, Query, Slate
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.context import StepContext, standardized
from vireo.recommend.retrieve.merge import merged
from vireo.recommend.rules.blocklist import carrying
from vireo.recommend.top_k import best_of_each

EDGE = 0.5
"""A video matches a preference if it is this many deviations closer than the average."""
NAMED = 2.0
"""Deviations above the threshold for a video labeled with the exact words."""


class Preferences:
    """Adds candidates with positive offsets; negative ones only lower scores."""

    def __init__(self, context: StepContext) -> None:
        self._context = context

    def __call__(self, query: Query, slate: Slate) -> Slate:
        if query.preference_offsets is None:
            return slate
        count = max(self._context.section.candidates, query.k)
        columns = {"preference": query.preference_offsets}
        positive = query.mask(len(self._context.catalogue)) & (query.preference_offsets > 0)
        return merged(slate, columns, best_of_each(columns, count, positive))


def preference_offsets(
    context: StepContext, preferences: tuple[ParsedPreference, ...]
) -> Floats | None:
    """(n,) deviations to add to the scores: positive for "more", negative for "less"."""
    catalogue, weight = context.catalogue, context.section.preference_weight
    parts = [one.strength * _nearness(catalogue, one) for one in preferences if not one.blocks]
    if not parts:
        return None
    return np.asarray(weight * np.sum(parts, axis=0), dtype=np.float32)


def _nearness(catalogue: Catalogue, preference: ParsedPreference) -> Floats:
    """How clearly each video matches the preference: 0 for most, never below. (n,)"""
    near = np.zeros(len(catalogue), dtype=np.float32)
    if preference.video >= 0:
        near = standardized(catalogue.unit_content @ catalogue.unit_content[preference.video])
    elif preference.vector is not None and catalogue.text.any():
        near = standardized(catalogue.near(preference.vector))
    beyond = np.maximum(near - EDGE, 0.0)
    if preference.words:
        named = carrying(catalogue, [preference.words])
        beyond = np.where(named, np.maximum(beyond, NAMED), beyond)
    return np.asarray(beyond, dtype=np.float32)
