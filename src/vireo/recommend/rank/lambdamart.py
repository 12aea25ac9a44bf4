"""A learned order: LambdaMART (Burges 2010; LightGBM) over source scores, freshness, length,
creator and context. Used only where validation showed a gain (`rank/training.py`)."""

from __future__ import annotations

import numpy as np

from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext
from vireo.recommend.rank.features import features


class LambdaMartRanker:
    """Puts known viewers' candidates in the trees' order; the scores go with the places."""

    def __init__(self, context: StepContext) -> None:
        self._catalogue = context.catalogue
        self._trees = context.catalogue.trees

    def __call__(self, query: Query, slate: Slate) -> Slate:
        if self._trees is None or not self._trees.adopted or not query.known or len(slate) < 2:
            return slate
        if query.preference_offsets is not None or query.text:
            return slate  # the trees never saw a viewer's own words: these must keep their weight
        rows = features(self._catalogue, query, slate, self._trees.sources)
        said = np.asarray(self._trees.booster.predict(rows, num_threads=1))
        return slate.take(np.argsort(-said, kind="stable")).scoring(slate.scores)
