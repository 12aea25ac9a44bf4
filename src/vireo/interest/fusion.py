"""Many opinions -> one: scores standardised per viewer, added with few global weights.

Experts trained apart and added with global weights beat learned per-user gates on public data;
the weights are found by greedy forward selection (Caruana et al. 2004) in `validation.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vireo.arrays import Bools, Floats
from vireo.interest.base import CONTENT, Batch, Expert, InterestModel

COLD_USER_EXPERTS = ("popularity", "recent-popularity")
"""Who speaks, in equal parts, to a viewer of whom the weighted experts know nothing."""


def fused(model: InterestModel, batch: Batch) -> tuple[Floats, dict[str, Floats]]:
    """The total (b, n) and, per expert, its weighted standardised part (b, n); parts add up to it.

    A video that nobody wanted (`model.warm` is false) is unknown to all experts but those with
    `scores_cold_items`; they would rank it last for no fault of its own. So there these alone count, with
    weights of their own (`model.for_new`).
    """
    warm = model.warm if len(model.warm) else np.ones(batch.n_videos, dtype=np.bool_)
    said = opinions(model.active(not warm.all()), batch, warm, model.allow_repeats)
    parts = {}
    for name, scores in said.items():
        parts[name] = np.float32(model.weights.get(name, 0.0)) * scores
        if not warm.all():
            parts[name][:, ~warm] = np.float32(model.cold_weights.get(name, 0.0)) * scores[:, ~warm]
    total = _added(parts, (len(batch.histories), batch.n_videos))
    strangers = np.asarray(~total.any(axis=1))
    if strangers.any():
        _speak_to_strangers(model, batch, warm, strangers, parts)
        total = _added(parts, total.shape)
    if model.offset and not warm.all():
        part = parts.setdefault(CONTENT, np.zeros(total.shape, dtype=np.float32))
        part[:, ~warm] += np.float32(model.offset)
        total[:, ~warm] += np.float32(model.offset)
    return total, parts


def opinions(
    experts: Mapping[str, Expert],
    batch: Batch,
    warm: Bools,
    repeats: bool = False,
) -> dict[str, Floats]:
    """Standardised scores per expert, each (b, n); 0 for videos that are new to the expert."""
    unseen = candidates(batch, repeats)
    said = {
        name: standardised(
            expert.score(batch), unseen if expert.scores_cold_items else unseen & warm
        )
        for name, expert in experts.items()
    }
    for name, scores in said.items():
        if not experts[name].scores_cold_items:
            scores[:, ~warm] = 0.0
    return said


def candidates(batch: Batch, repeats: bool = False) -> Bools:
    """True for every video that the viewer has not met, in whatever way, or for all. (b, n)"""
    unseen = np.ones((len(batch.histories), batch.n_videos), dtype=np.bool_)
    if repeats:
        return unseen
    for row, history in enumerate(batch.histories):
        unseen[row, history.videos] = False
    return unseen


def standardised(scores: Floats, among: Bools) -> Floats:
    """Each row minus its mean, over its deviation, both taken among the marked videos. (b, n)

    A row of equal scores is no opinion: zeros.
    """
    count = np.maximum(among.sum(axis=1, keepdims=True), 1)
    mean = np.where(among, scores, 0.0).sum(axis=1, keepdims=True, dtype=np.float64) / count
    centred = (scores - mean).astype(np.float32)
    squares = np.where(among, centred, 0.0) ** 2
    deviation = np.sqrt(squares.sum(axis=1, keepdims=True, dtype=np.float64) / count)
    largest = np.abs(scores).max(axis=1, keepdims=True, initial=0.0)
    opinion = deviation > 1e-6 * largest  # what rounding leaves of equal scores is none
    scaled = np.where(opinion, centred / np.where(opinion, deviation, 1.0), 0.0)
    return np.asarray(scaled, dtype=np.float32)


def _speak_to_strangers(
    model: InterestModel, batch: Batch, warm: Bools, rows: Bools, parts: dict[str, Floats]
) -> None:
    speakers = [name for name in COLD_USER_EXPERTS if name in model.experts]
    some = Batch(
        [h for h, chosen in zip(batch.histories, rows, strict=True) if chosen],
        batch.now,
        batch.n_videos,
    )
    voices = {name: model.experts[name] for name in speakers}
    said = opinions(voices, some, warm, model.allow_repeats)
    for name, scores in said.items():
        part = parts.setdefault(name, np.zeros((len(rows), batch.n_videos), dtype=np.float32))
        part[rows] = scores / len(speakers)


def _added(parts: Mapping[str, Floats], shape: tuple[int, ...]) -> Floats:
    total = np.zeros(shape, dtype=np.float32)
    for part in parts.values():
        total += part
    return total
