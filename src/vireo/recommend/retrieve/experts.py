"""The viewer's history -> the best candidates of every expert, and of all of them together."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Bools
from vireo.recommend.base import Query, Slate
from vireo.recommend.retrieve.merge import best_of, merged, scored
from vireo.recommend.retrieve.opinions import ALL, Heard
from vireo.recommend.shelves import Shelves


class Experts:
    """Up to `index.exact_until` videos all are scored; beyond, each expert's index is asked.

    Either way a candidate's score is the same, and so is the scale that it is standardised to.
    """

    def __init__(self, shelves: Shelves) -> None:
        self._section = shelves.section
        self._panel = shelves.panel
        self._unwatched = np.asarray(shelves.catalogue.viewers == 0)

    def __call__(self, query: Query, slate: Slate) -> Slate:
        if not query.known:
            return slate
        heard = self._panel.hear(query.history, query.now)
        allowed = query.mask(self._panel.n_videos)
        if heard.dense:
            return self._of_all(heard, query, slate, allowed)
        return self._of_indexes(heard, query, slate, allowed)

    def _of_all(self, heard: Heard, query: Query, slate: Slate, allowed: Bools) -> Slate:
        """Every video scored: also the best by all experts together are sure to be found."""
        columns = heard.parts(ALL)
        total = np.zeros(self._panel.n_videos, dtype=np.float32)
        for column in columns.values():
            total += column
        if query.leaning is not None:
            total += query.leaning
        count = self._count(query)
        chosen = [opinion.best(count, allowed) for opinion in heard.said.values()]
        chosen.append(best_of(total, count, allowed))
        chosen.append(best_of(total, self._section.candidates, allowed & self._unwatched))
        return merged(slate, columns, chosen)

    def _of_indexes(self, heard: Heard, query: Query, slate: Slate, allowed: Bools) -> Slate:
        """The best of each expert; all experts together then score what any of them brought."""
        count = self._count(query)
        # An expert without a weight speaks of new videos alone: of the others it need not look.
        heeded = [o for name, o in heard.said.items() if heard.weights[name]]
        chosen = [opinion.best(count, allowed) for opinion in heeded]
        unwatched = allowed & self._unwatched
        chosen += [
            opinion.best(self._section.candidates, unwatched)
            for opinion in heard.said.values()
            if opinion.voice.expert.knows_new
        ]
        return scored(slate, heard.parts, chosen)

    def _count(self, query: Query) -> int:
        return max(self._section.candidates, query.k)
