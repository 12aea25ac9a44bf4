"""Required videos: on every list, in the last positions if not higher up."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Ints
from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext


class Required:
    """Adds the eligible required videos."""

    def __init__(self, context: StepContext) -> None:
        owner = context.section.owner
        self._rows = context.catalogue.rows_of(owner.required)
        self.enabled = len(self._rows) > 0

    def __call__(self, query: Query, slate: Slate) -> Slate:
        rows = allowed(query, self._rows)[: query.k]
        if not len(rows):
            return slate
        wide = slate.joined(rows)
        k = min(query.k, len(wide))
        missing = [row for row in rows.tolist() if row not in set(wide.videos[:k].tolist())]
        if not missing:
            return wide
        place_of = {int(video): place for place, video in enumerate(wide.videos)}
        kept = {*rows.tolist(), *(v for v, mark in slate.marks.items() if mark == "pinned")}
        held = [place for place in range(k) if int(wide.videos[place]) in kept]
        missing = missing[: k - len(held)]
        free = [place for place in range(k) if place not in held][: k - len(held) - len(missing)]
        first = [*sorted([*held, *free]), *(place_of[row] for row in missing)]
        return wide.move_to_front(first).marking("required", missing)


def allowed(query: Query, rows: Ints) -> Ints:
    """Those of the rows that this viewer may be shown, in their order."""
    if query.eligible is not None:
        return rows[query.eligible[rows]]
    barred = {*query.exclude, *query.history.videos.tolist()}
    return np.array([row for row in rows.tolist() if row not in barred], dtype=np.int64)
