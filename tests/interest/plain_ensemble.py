"""The ensemble score user by user and video by video, as its definition reads."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Doubles
from vireo.interest.base import Batch, InterestModel
from vireo.interest.ensemble import COLD_USER_EXPERTS, Ensemble


def scored(model: InterestModel, batch: Batch) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The package's total (b, n) and parts."""
    scores = Ensemble.of(model, batch.n_videos).score(batch)
    return scores.total(), scores.parts()


def plain_parts(model: InterestModel, batch: Batch) -> list[dict[str, Doubles]]:
    """For each user, expert -> (n,) weighted standardized scores; `offset` is a part of its own."""
    warm = model.warm if len(model.warm) else np.ones(batch.n_videos, dtype=np.bool_)
    names = model.active(not warm.all())
    found = []
    for row, history in enumerate(batch.histories):
        z = {name: _standardized(model, name, batch, row, warm) for name in names}
        ranked = any(
            z[name].any() and (model.weights.get(name, 0.0) or _cold(model, name, warm))
            for name in names
        )
        if ranked:
            parts = {
                name: np.where(warm, model.weights.get(name, 0.0), _cold(model, name, warm)) * own
                for name, own in z.items()
            }
        else:
            speakers = [name for name in COLD_USER_EXPERTS if name in model.experts]
            parts = {
                name: _standardized(model, name, batch, row, warm) * warm / len(speakers)
                for name in speakers
            }
        parts["offset"] = np.where(warm, 0.0, model.offset)
        found.append(parts)
        assert len(history) >= 0
    return found


def _cold(model: InterestModel, name: str, warm: np.ndarray) -> float:
    return 0.0 if warm.all() else model.cold_weights.get(name, 0.0)


def _standardized(
    model: InterestModel, name: str, batch: Batch, row: int, warm: np.ndarray
) -> Doubles:
    expert = model.experts[name]
    scores = expert.score(batch)[row].astype(np.float64)
    among = warm | expert.scores_cold_items
    if not model.allow_repeats:
        among[batch.histories[row].videos] = False
    some = scores[among]
    if not len(some) or some.std() <= 1e-6 * np.abs(scores).max():
        return np.zeros(len(scores))
    z: Doubles = (scores - some.mean()) / some.std()
    return np.where(warm | expert.scores_cold_items, z, 0.0)
