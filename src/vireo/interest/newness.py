"""Whom to believe about videos that nobody has wanted yet: learnt on videos kept from the experts.

Who knows best what a viewer wants next need not know best which new video it is, so new videos
have weights of their own. Wishes for a new video are rare among the last ones; but every wish for
a video that was kept from the experts is one, so each viewer's last of these is judged.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.behavior.base import Histories
from vireo.interest.base import Expert
from vireo.interest.holding import HeldBack, only
from vireo.interest.validation import Court, choose

FEWEST_WISHES = 200
"""Below this, the weights for new videos stay what the others' weights make of them."""


def wishes_for(histories: Histories, videos: Ints, users: int, seed: int) -> HeldBack:
    """The last wish of at most `users` random users for one of these videos, and what they had met
    before it; none of the videos stays in anybody's history."""
    kept = np.isin(histories.videos, videos)
    cuts = histories.offsets[1:].copy()
    wanted = np.flatnonzero(kept & (histories.weights > 0))
    cuts[histories.user_rows[wanted]] = wanted  # the last of each user stands
    last = cuts.copy()
    asked = np.unique(histories.user_rows[wanted])
    early = np.arange(len(kept)) < cuts[histories.user_rows]
    before = only(histories, early & ~kept)
    likes = np.bincount(before.user_rows[before.weights > 0], minlength=len(histories)) > 0
    asked = asked[likes[asked]]
    rows = np.sort(asked[np.random.default_rng([seed, 6]).permutation(len(asked))[:users]])
    places = last[rows]
    targets = tuple(histories.videos[[place]] for place in places.tolist())
    return HeldBack(before, rows, targets, histories.times[places].astype(np.int64))


def weights_for_new(
    experts: Mapping[str, Expert], wishes: HeldBack, videos: Ints, warm: Bools, whole: float
) -> dict[str, float] | None:
    """The weights, their sum `whole`, that rank these videos best for who wished for one of them;
    None where too few did."""
    knowing = {name: expert for name, expert in experts.items() if expert.knows_new}
    if len(wishes.rows) < FEWEST_WISHES or not knowing:
        return None
    court = Court.hear(knowing, wishes, warm, among=videos)
    return {name: round(whole * weight, 6) for name, weight in choose(court).items()}
