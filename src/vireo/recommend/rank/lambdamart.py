"""LambdaMART ranker (Burges 2010; LightGBM), used if validation showed a gain."""

from __future__ import annotations

import numpy as np

from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext
from vireo.recommend.rank.features import features


class LambdaMartRanker:
    """Reorders candidates of users with history; scores stay with the positions."""

    def __init__(self, context: StepContext) -> None:
        self._catalogue = context.catalogue
        self._trees = context.catalogue.trees

    def __call__(self, query: Query, slate: Slate) -> Slate:
        if self._trees is None or not self._trees.adopted or not query.known or len(slate) < 2:
            return slate
        if query.preference_offsets is not None or query.text:
            return slate  # not in the training data: preferences and query keep their weight
        rows = features(self._catalogue, query, slate, self._trees.sources)
        predicted = np.asarray(self._trees.booster.predict(rows, num_threads=1))
        return slate.take(np.argsort(-predicted, kind="stable")).scoring(slate.scores)
