"""Ensemble weights for cold items, fitted on items held out from training.

The best experts for warm items need not be the best for cold items, so cold items have weights of
their own. Positives of cold items are rare among the last events; but each positive of a video that
was hidden from the experts is one. The last of each user is a target.
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
_MAX_STEPS = 12
MIN_HELD_OUT = 200
"""Below this, the weights for new videos stay what the others' weights make of them."""


def cold_item_holdout(histories: Histories, videos: Ints, users: int, seed: int) -> Holdout:
    """Last positive among these videos of at most `users` random users, with the history before it.
    The histories of all users lose these videos."""
    kept = np.isin(histories.videos, videos)
    cuts = histories.offsets[1:].copy()
    positive = np.flatnonzero(kept & (histories.weights > 0))
    cuts[histories.user_rows[positive]] = positive  # the last of each user stands
    last = cuts.copy()
    owners = np.unique(histories.user_rows[positive])
    early = np.arange(len(kept)) < cuts[histories.user_rows]
    before = only(histories, early & ~kept)
    likes = np.bincount(before.user_rows[before.weights > 0], minlength=len(histories)) > 0
    owners = owners[likes[owners]]
    rows = np.sort(owners[np.random.default_rng([seed, 6]).permutation(len(owners))[:users]])
    places = last[rows]
    targets = tuple(histories.videos[[place]] for place in places.tolist())
    return Holdout(before, rows, targets, histories.times[places].astype(np.int64))


def cold_item_weights(
    experts: Mapping[str, Expert], held: Holdout, videos: Ints, warm: Bools, whole: float
) -> dict[str, float] | None:
    """Weights with sum `whole` that rank these videos best for the held-out users;
    None with too few users."""
    knowing = {name: expert for name, expert in experts.items() if expert.scores_cold_items}
    if len(held.rows) < MIN_HELD_OUT or not knowing:
        return None
    validation = ValidationScores.compute(knowing, held, warm, among=videos)
    found = from_equal_parts(validation)
    scale = whole / sum(found.values())
    return {name: round(scale * weight, 6) for name, weight in found.items()}


def from_equal_parts(validation: ValidationScores) -> dict[str, float]:
    """Equal weights, changed for one expert at a time while the gain is significant.

    Few videos are hidden, and chance decides which, so who is best among them says little: equal
    parts are hard to beat (Clemen 1989). Beginning with the best one, as `choose` does, cost a
    tenth of what they give on new films of MovieLens-1M.
    """
    weights = dict.fromkeys(validation.scores, 1.0)
    for _ in range(_MAX_STEPS):
        total = validation.total({}, weights)
        tried = (
            (
                (name, factor),
                total + np.float32((factor - 1.0) * weights[name]) * validation.scores[name],
            )
            for name, factor in itertools.product(weights, _FACTORS)
        )
        found = best_significant(validation, total, tried)
        if found is None:
            break
        weights[found[0]] *= found[1]
    return weights
