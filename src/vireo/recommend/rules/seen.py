"""What the viewer has seen does not come again, unless repeats are wanted."""

from __future__ import annotations

import numpy as np

from vireo.recommend.base import Query, Slate
from vireo.recommend.shelves import Shelves


class Seen:
    """Removes the history and whatever the query excludes; disliked videos never come back."""

    def __init__(self, shelves: Shelves) -> None:
        self._repeats = shelves.section.repeats

    def __call__(self, query: Query, slate: Slate) -> Slate:
        history = query.history
        barred = history.videos[history.weights <= 0] if self._repeats else history.videos
        excluded = np.fromiter(query.exclude, dtype=np.int64, count=len(query.exclude))
        keep = ~np.isin(slate.videos, np.concatenate([barred, excluded]))
        left = slate.take(keep)
        if len(slate) and not len(left):
            return left.noting("This viewer has seen every candidate.")
        return left
