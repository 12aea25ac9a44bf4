"""Whom to believe about videos that nobody has wanted yet: learnt on videos kept from the experts.

Who knows best what a viewer wants next need not know best which new video it is, so new videos
have weights of their own. Wishes for a new video are rare among the last ones; but every wish for
a video that was kept from the experts is one, so each viewer's last of these is judged.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.behavior.base import Histories
from vireo.interest.base import Expert
from vireo.interest.ensemble_weights import ValidationScores, best_significant
from vireo.interest.holdout import Holdout, only

_FACTORS = (0.0, 0.5, 2.0)
_MOST_STEPS = 12
FEWEST_WISHES = 200
"""Below this, the weights for new videos stay what the others' weights make of them."""


def cold_item_holdout(histories: Histories, videos: Ints, users: int, seed: int) -> Holdout:
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
    return Holdout(before, rows, targets, histories.times[places].astype(np.int64))


def cold_item_weights(
    experts: Mapping[str, Expert], wishes: Holdout, videos: Ints, warm: Bools, whole: float
) -> dict[str, float] | None:
    """The weights, their sum `whole`, that rank these videos best for who wished for one of them;
    None where too few did."""
    knowing = {name: expert for name, expert in experts.items() if expert.scores_cold_items}
    if len(wishes.rows) < FEWEST_WISHES or not knowing:
        return None
    court = ValidationScores.compute(knowing, wishes, warm, among=videos)
    found = from_equal_parts(court)
    scale = whole / sum(found.values())
    return {name: round(scale * weight, 6) for name, weight in found.items()}


def from_equal_parts(court: ValidationScores) -> dict[str, float]:
    """Every expert counts alike, unless another weight for one helps beyond noise.

    Few videos are hidden, and chance decides which, so who is best among them says little: equal
    parts are hard to beat (Clemen 1989). Beginning with the best one, as `choose` does, cost a
    tenth of what they give on new films of MovieLens-1M.
    """
    weights = dict.fromkeys(court.scores, 1.0)
    for _ in range(_MOST_STEPS):
        total = court.total({}, weights)
        tried = (
            (
                (name, factor),
                total + np.float32((factor - 1.0) * weights[name]) * court.scores[name],
            )
            for name, factor in itertools.product(weights, _FACTORS)
        )
        found = best_significant(court, total, tried)
        if found is None:
            break
        weights[found[0]] *= found[1]
    return weights
