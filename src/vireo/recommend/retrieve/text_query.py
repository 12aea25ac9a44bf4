"""Candidates of a text query, by similarity of text and picture."""

from __future__ import annotations

import numpy as np

from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext, standardized
from vireo.recommend.retrieve.merge import merged
from vireo.recommend.top_k import best_of_each


class TextQuery:
    """Similarity of query and video, weighted relative to the strongest expert.

    For a user without history the text preference model adds its scores, if it was adopted.
    """

    def __init__(self, context: StepContext) -> None:
        self._context = context

    def __call__(self, query: Query, slate: Slate) -> Slate:
        if query.text_vector is None:
            return slate
        catalogue, section = self._context.catalogue, self._context.section
        if not catalogue.text.any():
            return slate.noting("No video has any text, so the sentence cannot steer the list.")
        near = standardized(catalogue.near(query.text_vector))
        strongest = max(self._context.model.weights.values(), default=1.0) if query.known else 1.0
        columns = {
            "text-query": (section.query_weight * max(strongest, 0.5) * near).astype(np.float32)
        }
        taste = catalogue.text_preference
        if taste is not None and taste.adopted and not query.known and not query.literal:
            scores = taste.scores(query.text_vector, len(catalogue))
            columns["text-preference"] = (taste.weight * scores).astype(np.float32)
        count = max(section.candidates, query.k)
        return merged(slate, columns, best_of_each(columns, count, query.mask(len(catalogue))))
