"""What the viewer wants more or less of -> what that adds to the score of every video."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Floats
from vireo.recommend.base import ParsedPreference, Query, Slate
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.context import StepContext, standardised
from vireo.recommend.retrieve.merge import merged
from vireo.recommend.rules.blocklist import carrying
from vireo.recommend.top_k import best_of_each

EDGE = 0.5
"""A video is about a wish when it lies this many deviations nearer to it than the average."""
NAMED = 2.0
"""Deviations beyond the edge for a video that carries exactly the words of the wish."""


class Preferences:
    """Adds candidates near what is wanted; what is wanted less only loses (`Query.leaning`)."""

    def __init__(self, shelves: StepContext) -> None:
        self._shelves = shelves

    def __call__(self, query: Query, slate: Slate) -> Slate:
        if query.preference_offsets is None:
            return slate
        count = max(self._shelves.section.candidates, query.k)
        columns = {"preference": query.preference_offsets}
        wanted = query.mask(len(self._shelves.catalogue)) & (query.preference_offsets > 0)
        return merged(slate, columns, best_of_each(columns, count, wanted))


def preference_offsets(shelves: StepContext, wishes: tuple[ParsedPreference, ...]) -> Floats | None:
    """(n,) deviations to add: above 0 near what is wanted more, below 0 near what less."""
    catalogue, weight = shelves.catalogue, shelves.section.preference_weight
    parts = [wish.strength * _nearness(catalogue, wish) for wish in wishes if not wish.blocks]
    if not parts:
        return None
    return np.asarray(weight * np.sum(parts, axis=0), dtype=np.float32)


def _nearness(catalogue: Catalogue, wish: ParsedPreference) -> Floats:
    """How clearly each video is about the wish: 0 for most, never below. (n,)"""
    near = np.zeros(len(catalogue), dtype=np.float32)
    if wish.video >= 0:
        near = standardised(catalogue.unit_content @ catalogue.unit_content[wish.video])
    elif wish.vector is not None and catalogue.text.any():
        near = standardised(catalogue.near(wish.vector))
    beyond = np.maximum(near - EDGE, 0.0)
    if wish.words:
        named = carrying(catalogue, [wish.words])
        beyond = np.where(named, np.maximum(beyond, NAMED), beyond)
    return np.asarray(beyond, dtype=np.float32)
