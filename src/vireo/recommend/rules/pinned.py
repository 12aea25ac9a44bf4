"""Pinned videos at the top of every list, in the owner's order."""

from __future__ import annotations

from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext
from vireo.recommend.rules.required import allowed


class Pinned:
    """Pins eligible videos; a pinned video comes on the first page only."""

    def __init__(self, context: StepContext) -> None:
        self._rows = context.catalogue.rows_of(context.section.owner.pinned)
        self.enabled = len(self._rows) > 0

    def __call__(self, query: Query, slate: Slate) -> Slate:
        rows = allowed(query, self._rows)
        if not len(rows):
            return slate
        wide = slate.joined(rows)
        return wide.move_to_front(wide.places_of(rows)).marking("pinned", rows)
