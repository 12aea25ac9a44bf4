"""A share of the list for videos that nobody has watched, if their content fits this viewer."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Floats, Ints
from vireo.behavior.base import History
from vireo.interest.score_moments import quadratic
from vireo.recommend.base import Query, Slate
from vireo.recommend.context import StepContext
from vireo.recommend.seeded_random import rounded, seeded_uniform

_ALIKE = 1e-6
"""A smaller spread is rounding: all videos are equally like the taste."""
FIT = 1.0
"""A new video fits when its likeness to the taste is this many deviations above the average."""


class NewVideoQuota:
    """Moves fitting new videos up into the last places of the list, never in place of all.

    Over many lists the share is met exactly where enough fit: what does not divide (a tenth of
    five places) is rounded by chance, seeded by viewer and session.
    """

    def __init__(self, shelves: StepContext) -> None:
        self._share = shelves.section.new_video_quota
        self._viewers = shelves.catalogue.user_counts
        self._content = shelves.catalogue.unit_content
        self._usual, self._around = shelves.usual
        self.enabled = self._share > 0 and bool((self._viewers == 0).any())

    def __call__(self, query: Query, slate: Slate) -> Slate:
        k = min(query.k, len(slate.videos))
        if self._share <= 0 or not query.known or k == 0:
            return slate
        new = self._viewers[slate.videos] == 0
        share = self._share * k
        places = int(share) if share.is_integer() else rounded(share, seeded_uniform("new", query))
        wanted = places - int(np.count_nonzero(new[:k]))
        if wanted <= 0:
            return slate
        fit = np.full(len(slate), -np.inf, dtype=np.float32)
        fit[new] = self._fit(query.history, slate.videos[new])
        fits = fit >= FIT
        if query.preference_offsets is not None:
            fits &= (
                query.preference_offsets[slate.videos] >= 0
            )  # not what the viewer asked for less of
        further = k + np.flatnonzero(fits[k:])
        promoted = further[np.argsort(-fit[further], kind="stable")][:wanted]
        if not len(promoted):
            return slate
        # Videos that are new already keep their places; the others make room from the end.
        giving = np.flatnonzero(~new[:k])[::-1][: len(promoted)]
        kept = np.ones(k, dtype=np.bool_)
        kept[giving] = False
        promoted = promoted[: len(giving)]
        first = np.concatenate([np.flatnonzero(kept), promoted])
        return slate.move_to_front(first).marking("new", slate.videos[promoted])

    def _fit(self, history: History, videos: Ints) -> Floats:
        """Likeness of the videos to the mean of what was wanted, in deviations. -> (c,)"""
        taste = self._content[history.positives.videos].mean(axis=0)
        usual = float(self._usual @ taste)
        spread = float(np.sqrt(max(quadratic(self._around, taste), 0.0)))
        if spread <= _ALIKE:
            return np.zeros(len(videos), dtype=np.float32)
        return np.asarray((self._content[videos] @ taste - usual) / spread, dtype=np.float32)
