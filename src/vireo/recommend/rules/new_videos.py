"""A share of the list for videos that nobody has watched, if their content fits this viewer."""

from __future__ import annotations

import numpy as np

from vireo.behavior.base import History
from vireo.recommend.base import Query, Slate
from vireo.recommend.shelves import Shelves

FIT = 1.0
"""A new video fits when its likeness to the taste is this many deviations above the average."""


class NewVideos:
    """Moves fitting new videos up into the last places of the list, never in place of all."""

    def __init__(self, shelves: Shelves) -> None:
        self._share = shelves.section.new_share
        self._viewers = shelves.catalogue.viewers
        self._content = shelves.catalogue.unit_content

    def __call__(self, query: Query, slate: Slate) -> Slate:
        k = min(query.k, len(slate))
        new = self._viewers[slate.videos] == 0
        wanted = int(self._share * k) - int(new[:k].sum())
        if wanted <= 0 or not query.known:
            return slate
        fit = self._fit(query.history)[slate.videos]
        promoted = [row for row in np.flatnonzero(new) if row >= k and fit[row] >= FIT]
        promoted = sorted(promoted, key=lambda row: -fit[row])[:wanted]
        kept = [row for row in range(k) if row not in promoted][: k - len(promoted)]
        first = np.array([*kept, *promoted], dtype=np.int64)
        rest = np.setdiff1d(np.arange(len(slate)), first)
        return slate.take(np.concatenate([first, rest]))

    def _fit(self, history: History) -> np.ndarray:
        """Likeness of every video to the mean of what was wanted, in deviations. -> (n,)"""
        likeness = self._content @ self._content[history.liked.videos].mean(axis=0)
        spread = float(likeness.std())
        return (likeness - likeness.mean()) / spread if spread > 0 else np.zeros(len(likeness))
