"""A sentence ("slow films about the sea") -> videos near it, and what such viewers watch."""

from __future__ import annotations

import numpy as np

from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext, standardised
from vireo.recommend.retrieve.merge import merged
from vireo.recommend.top_k import best_of_each


class TextQuery:
    """Nearness of the sentence to each video's text and looks, against the strongest source.

    Of a viewer of whom nothing else is known, the sentence says what they may like besides: the
    map of tastes (recommend/taste/) adds that, where it was shown to help.
    """

    def __init__(self, shelves: StepContext) -> None:
        self._shelves = shelves

    def __call__(self, query: Query, slate: Slate) -> Slate:
        if query.text_vector is None:
            return slate
        catalogue, section = self._shelves.catalogue, self._shelves.section
        if not catalogue.text.any():
            return slate.noting("No video has any text, so the sentence cannot steer the list.")
        near = standardised(catalogue.near(query.text_vector))
        strongest = max(self._shelves.model.weights.values(), default=1.0) if query.known else 1.0
        columns = {
            "text-query": (section.query_weight * max(strongest, 0.5) * near).astype(np.float32)
        }
        taste = catalogue.text_preference
        if taste is not None and taste.adopted and not query.known and not query.literal:
            said = taste.scores(query.text_vector, len(catalogue))
            columns["text-preference"] = (taste.weight * said).astype(np.float32)
        count = max(section.candidates, query.k)
        return merged(slate, columns, best_of_each(columns, count, query.mask(len(catalogue))))
