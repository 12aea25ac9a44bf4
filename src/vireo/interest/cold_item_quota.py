"""Share of cold items in lists, and its cost, measured on videos hidden from the experts.

A constant added to the scores of all new videos buys them places and takes them from the others.
The table of exchange says how many, before anybody turns the screw: a good figure on new videos
alone can be had from any model by adding a constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from vireo.arrays import Bools, Floats, Ints
from vireo.behavior.base import Histories
from vireo.interest.base import Training
from vireo.interest.ensemble_weights import ValidationScores
from vireo.interest.holdout import Holdout, only

OFFSETS = (-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0)
"""In standard deviations of a viewer's scores."""
MIN_TARGETS = 50
"""With fewer held-out positives of cold items, some warm items are hidden too."""
_HIDDEN = 0.05
"""Share of the watched videos that are hidden."""
_WAITING = 0.01
"""Share of the catalogue from which on new videos are worth it."""
_WIDEST = 8.0
_ROUNDS = 20
_PLACES = 10


def hidden(training: Training, held: Holdout, seed: int) -> Ints:
    """Rows of videos to keep from the experts while the weights are found; often none.

    Only if the catalogue has many cold items with content, and few held-out positives are cold.
    Hidden videos are drawn from the warm ones with content.
    """
    warm = held.histories.user_counts() > 0
    targets = np.concatenate([*held.targets, np.zeros(0, dtype=np.int64)])
    waiting = ~training.warm & training.has_content
    able = np.flatnonzero(warm & training.has_content)
    count = int(_HIDDEN * len(able))
    if waiting.mean() < _WAITING or not count or int((~warm[targets]).sum()) >= MIN_TARGETS:
        return np.zeros(0, dtype=np.int64)
    drawn = np.random.default_rng([seed, 5]).choice(able, count, replace=False)
    return np.sort(drawn).astype(np.int64)


def kept_from(histories: Histories, videos: Ints) -> Histories:
    """The histories without any event of these videos."""
    return only(histories, ~np.isin(histories.videos, videos)) if len(videos) else histories


def quota_tradeoff(
    validation: ValidationScores, total: Floats, new: Bools
) -> list[dict[str, float]]:
    """Per offset: share of cold items in the top 10, NDCG@10 on warm and on cold targets.

    Empty without cold items or cold targets.
    """
    of_new = new[validation.targets]
    if not new.any() or not of_new.any() or of_new.all():
        return []
    known, fresh = _among(validation, ~of_new), _among(validation, of_new)
    rows = []
    for offset in OFFSETS:
        moved = total + np.where(new, np.float32(offset), np.float32(0.0))
        row = {
            "offset": offset,
            "share": new_share(validation, moved, new),
            "known_ndcg@10": _mean(known, moved),
            "new_ndcg@10": _mean(fresh, moved),
        }
        rows.append({name: round(value, 6) for name, value in row.items()})
    return rows


def offset_for(validation: ValidationScores, total: Floats, new: Bools, share: float) -> float:
    """The offset at which new videos hold this share of the first ten places, by bisection."""
    if not new.any():
        return 0.0
    low, high = -_WIDEST, _WIDEST
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        moved = total + np.where(new, np.float32(middle), np.float32(0.0))
        low, high = (middle, high) if new_share(validation, moved, new) < share else (low, middle)
    return round((low + high) / 2, 6)


def new_share(validation: ValidationScores, total: Floats, new: Bools) -> float:
    """Share of cold items in the top 10 of all users."""
    scores = np.where(validation.unseen, total, -np.inf)
    places = min(_PLACES, scores.shape[1])
    top = np.argpartition(-scores, places - 1, axis=1)[:, :places]
    reachable = np.take_along_axis(validation.unseen, top, axis=1)
    return float((new[top] & reachable).sum() / max(int(reachable.sum()), 1))


def describe_tradeoff(rows: list[dict[str, float]]) -> Mapping[str, str]:
    """The exchange rate as a sentence: what one offset step up costs and gives."""
    by_offset = {row["offset"]: row for row in rows}
    if 0.0 not in by_offset or 0.5 not in by_offset:
        return {}
    now, then = by_offset[0.0], by_offset[0.5]
    lost, won = (then[name] - now[name] for name in ("known_ndcg@10", "new_ndcg@10"))
    return {
        "exchange_rate": f"half a deviation more for new videos: share {now['share']:.1%} -> "
        f"{then['share']:.1%}, NDCG@10 on known videos {lost:+.4f}, on new ones {won:+.4f}"
    }


def _among(validation: ValidationScores, chosen: Bools) -> ValidationScores:
    return replace(validation, owner=validation.owner[chosen], targets=validation.targets[chosen])


def _mean(validation: ValidationScores, total: Floats) -> float:
    """NDCG@10 over the users who have a target left."""
    return float(validation.gains(total)[np.unique(validation.owner)].mean())
