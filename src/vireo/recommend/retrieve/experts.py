"""The viewer's history -> the best candidates of every expert, and of all of them together."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext
from vireo.recommend.index.subset_index import portion_of
from vireo.recommend.retrieve.merge import best_of, merged, scored
from vireo.recommend.retrieve.opinions import ALL, EnsembleScores, ExpertScores

NEW = 10
"""Of the videos that nobody wanted, so many for each place of the list are looked at."""


class EnsembleRetriever:
    """Up to `index.exact_until` videos all are scored; beyond, each expert's index is asked.

    Either way a candidate's score is the same, and so is the scale that it is standardised to.
    """

    def __init__(self, shelves: StepContext) -> None:
        self._section = shelves.section
        self._panel = shelves.ensemble
        self._unwatched = np.asarray(shelves.catalogue.user_counts == 0)
        self._apart = {
            name: portion_of(voice.index, self._unwatched)
            for name, voice in shelves.ensemble.voices.items()
            if voice.expert.scores_cold_items
        }

    def __call__(self, query: Query, slate: Slate) -> Slate:
        if not query.known:
            return slate
        heard = self._panel.score(query.history, query.now)
        allowed = query.mask(self._panel.n_videos)
        if heard.dense:
            return self._of_all(heard, query, slate, allowed)
        return self._of_indexes(heard, query, slate, allowed)

    def _of_all(self, heard: EnsembleScores, query: Query, slate: Slate, allowed: Bools) -> Slate:
        """Every video scored: also the best by all experts together are sure to be found."""
        columns = heard.parts(ALL)
        total = np.zeros(self._panel.n_videos, dtype=np.float32)
        for column in columns.values():
            total += column
        if query.preference_offsets is not None:
            total += query.preference_offsets
        count = self._count(query)
        chosen = [opinion.best(count, allowed) for opinion in heard.said.values()]
        chosen.append(best_of(total, count, allowed))
        chosen.append(best_of(total, self._section.candidates, allowed & self._unwatched))
        return merged(slate, columns, chosen)

    def _of_indexes(
        self, heard: EnsembleScores, query: Query, slate: Slate, allowed: Bools
    ) -> Slate:
        """The best of each expert; all experts together then score what any of them brought."""
        count = self._count(query)
        # An expert without a weight speaks of new videos alone: of the others it need not look.
        heeded = [o for name, o in heard.said.items() if heard.weights[name]]
        chosen = [opinion.best(count, allowed) for opinion in heeded]
        unwatched = allowed & self._unwatched
        chosen += [
            self._of_unwatched(opinion, unwatched, query.k)
            for name, opinion in heard.said.items()
            if name in heard.for_new
        ]
        return scored(slate, heard.parts, chosen)

    def _of_unwatched(self, opinion: ExpertScores, allowed: Bools, k: int) -> Ints:
        """The best of an expert among videos that nobody wanted; `allowed` is of these alone."""
        apart, count = self._apart.get(opinion.voice.name), min(self._section.candidates, NEW * k)
        if apart is None or not opinion.scale:
            return opinion.best(count, allowed)
        return apart.search(opinion.user_vectors, count, allowed)

    def _count(self, query: Query) -> int:
        return max(self._section.candidates, query.k)
