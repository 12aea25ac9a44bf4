"""Candidates: the newest videos of the user's favorite creators."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Ints
from vireo.behavior.base import History
from vireo.recommend.base import Query, Slate
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.context import StepContext
from vireo.recommend.retrieve.merge import scored

MAX_CREATORS = 20
"""Creators to read, those with the largest share of the positives first."""


class SameCreator:
    """Adds candidates without scores; the ensemble scores them next."""

    def __init__(self, context: StepContext) -> None:
        self._catalogue = context.catalogue
        self._candidates = context.section.candidates
        self.enabled = bool((self._catalogue.creator_of >= 0).any())

    def __call__(self, query: Query, slate: Slate) -> Slate:
        names = favorites(query.history, self._catalogue)
        if not len(names):
            return slate
        allowed = query.mask(len(self._catalogue))
        each = -(-max(self._candidates, query.k) // len(names))
        chosen = []
        for name in names.tolist():
            rows = self._catalogue.by_creator(name)
            chosen.append(rows[allowed[rows]][:each])
        return scored(slate, lambda _: {}, chosen)


def favorites(history: History, catalogue: Catalogue) -> Ints:
    """Creators of the positives by weight, at most MAX_CREATORS of them."""
    liked = history.positives
    creators = catalogue.creator_of[liked.videos]
    known = creators >= 0
    if not known.any():
        return creators[:0]
    names, place = np.unique(creators[known], return_inverse=True)
    weights = np.bincount(place, weights=liked.weights[known], minlength=len(names))
    return np.asarray(names[np.argsort(-weights, kind="stable")][:MAX_CREATORS], dtype=np.int64)
