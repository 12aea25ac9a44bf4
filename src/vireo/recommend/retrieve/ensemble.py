"""Candidates from a user's history: the best of every expert, and of the ensemble."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.interest.base import Batch
from vireo.interest.ensemble import EnsembleScores
from vireo.interest.expert_scores import ExpertScores
from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext
from vireo.recommend.index.subset_index import portion_of
from vireo.recommend.retrieve.merge import merged, scored
from vireo.recommend.top_k import best_of, best_rows

COLD_PER_PLACE = 10
"""Cold items that are retrieved for each place of the list."""


class EnsembleRetriever:
    """Scores all videos, or, for large catalogues, what the experts' ANN indexes find.

    A candidate's score does not depend on which of the two ways found it.
    """

    def __init__(self, context: StepContext) -> None:
        self._section = context.section
        self._ensemble = context.ensemble
        self._indexes = context.indexes
        self._unwatched = np.asarray(context.catalogue.user_counts == 0)
        self._cold_indexes = {
            name: portion_of(index, self._unwatched)
            for name, index in context.indexes.items()
            if context.ensemble.handles[name].expert.scores_cold_items
        }

    def __call__(self, query: Query, slate: Slate) -> Slate:
        scores = self._ensemble.score(Batch([query.history], query.now, self._ensemble.n_videos))
        allowed = query.mask(self._ensemble.n_videos)
        if self._indexes:
            return self._from_indexes(scores, query, slate, allowed)
        return self._from_all(scores, query, slate, allowed)

    def _from_all(
        self, scores: EnsembleScores, query: Query, slate: Slate, allowed: Bools
    ) -> Slate:
        columns = {name: part[0] for name, part in scores.parts().items()}
        total = np.zeros(self._ensemble.n_videos, dtype=np.float32)
        for column in columns.values():
            total += column
        if query.preference_offsets is not None:
            total += query.preference_offsets
        count = max(self._section.candidates, query.k)
        chosen = [best_rows(one, None, count, allowed) for one in scores.experts.values()]
        chosen.append(best_of(total, count, allowed))
        chosen.append(best_of(total, self._section.candidates, allowed & self._unwatched))
        return merged(slate, columns, chosen)

    def _from_indexes(
        self, scores: EnsembleScores, query: Query, slate: Slate, allowed: Bools
    ) -> Slate:
        count = max(self._section.candidates, query.k)
        # An expert with a weight for cold items alone is asked for these alone.
        chosen = [
            best_rows(one, self._indexes.get(name), count, allowed)
            for name, one in scores.experts.items()
            if scores.weights[name][0]
        ]
        unwatched = allowed & self._unwatched
        chosen += [
            self._best_cold(scores.experts[name], unwatched, query.k)
            for name, weight in scores.cold_weights.items()
            if weight[0]
        ]

        def parts(rows: Ints) -> dict[str, np.ndarray]:
            return {name: part[0] for name, part in scores.parts(rows).items()}

        return scored(slate, parts, chosen)

    def _best_cold(self, scores: ExpertScores, allowed: Bools, k: int) -> Ints:
        name = scores.handle.name
        subset, count = (
            self._cold_indexes.get(name),
            min(self._section.candidates, COLD_PER_PLACE * k),
        )
        if subset is None or not scores.scale[0]:
            return best_rows(scores, self._indexes.get(name), count, allowed)
        assert scores.user_vectors is not None
        return subset.search(scores.user_vectors[0], count, allowed)
