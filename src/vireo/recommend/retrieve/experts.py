"""The viewer's history -> the best candidates of every expert, and of all of them together."""

from __future__ import annotations

from vireo.interest.base import Batch
from vireo.interest.fusion import fused
from vireo.recommend.base import Query, Slate
from vireo.recommend.retrieve.merge import best_of_each, merged
from vireo.recommend.shelves import Shelves


class Experts:
    """Scores the whole catalogue with the fused experts: exact, no index needed at this size."""

    def __init__(self, shelves: Shelves) -> None:
        self._shelves = shelves

    def __call__(self, query: Query, slate: Slate) -> Slate:
        if not query.known:
            return slate
        catalogue, section = self._shelves.catalogue, self._shelves.section
        batch = Batch([query.history], query.now, len(catalogue))
        total, parts = fused(self._shelves.model, batch)
        columns = {name: values[0] for name, values in parts.items()}
        open_rows = query.rows(len(catalogue))
        count = max(section.candidates, query.k)
        never_watched = open_rows[catalogue.viewers[open_rows] == 0]
        best = total[0] if query.leaning is None else total[0] + query.leaning
        ranked = {"total": best, **columns}
        chosen = best_of_each(ranked, count, open_rows)
        chosen += best_of_each({"total": best}, section.candidates, never_watched)
        return merged(slate, columns, chosen)
