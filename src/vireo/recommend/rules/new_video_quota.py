"""New-video quota: a share of the list for videos without events that fit the user's content."""

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
"""A new video fits if its similarity to the profile is this many deviations above the mean."""


class NewVideoQuota:
    """Moves fitting new videos up into the last places of the list, never in place of all.

    Over many lists the share is exact where enough videos fit: a fraction (a tenth of five
    places) is rounded at random, seeded by user and session.
    """

    def __init__(self, context: StepContext) -> None:
        self._share = context.section.new_video_quota
        self._viewers = context.catalogue.user_counts
        self._content = context.catalogue.unit_content
        self._usual, self._around = context.usual
        self.enabled = self._share > 0 and bool((self._viewers == 0).any())

    def __call__(self, query: Query, slate: Slate) -> Slate:
        k = min(query.k, len(slate.videos))
        if self._share <= 0 or not query.known or k == 0:
            return slate
        new = self._viewers[slate.videos] == 0
        share = self._share * k
        places = int(share) if share.is_integer() else rounded(share, seeded_uniform("new", query))
        missing = places - int(np.count_nonzero(new[:k]))
        if missing <= 0:
            return slate
        fit = np.full(len(slate), -np.inf, dtype=np.float32)
        fit[new] = self._fit(query.history, slate.videos[new])
        fits = fit >= FIT
        if query.preference_offsets is not None:
            fits &= (
                query.preference_offsets[slate.videos] >= 0
            )  # not what the viewer asked for less of
        further = k + np.flatnonzero(fits[k:])
        promoted = further[np.argsort(-fit[further], kind="stable")][:missing]
        if not len(promoted):
            return slate
        # New videos in the list keep their places; others are replaced from the end.
        giving = np.flatnonzero(~new[:k])[::-1][: len(promoted)]
        kept = np.ones(k, dtype=np.bool_)
        kept[giving] = False
        promoted = promoted[: len(giving)]
        first = np.concatenate([np.flatnonzero(kept), promoted])
        return slate.move_to_front(first).marking("new", slate.videos[promoted])

    def _fit(self, history: History, videos: Ints) -> Floats:
        """Standardized similarity of videos to the mean of the user's positives. -> (c,)"""
        taste = self._content[history.positives.videos].mean(axis=0)
        usual = float(self._usual @ taste)
        spread = float(np.sqrt(max(quadratic(self._around, taste), 0.0)))
        if spread <= _ALIKE:
            return np.zeros(len(videos), dtype=np.float32)
        return np.asarray((self._content[videos] @ taste - usual) / spread, dtype=np.float32)
