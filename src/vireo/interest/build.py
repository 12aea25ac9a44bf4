"""Interest stage: fit experts without held-out events, fit ensemble weights, fit experts on all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vireo.behavior.base import NO_TIME, Histories
from vireo.data.base import Tables
from vireo.engine.base import Context
from vireo.errors import StageFailed
from vireo.interest.base import Expert, InterestModel, InterestSection, Training
from vireo.interest.cold_item_quota import (
    describe_tradeoff,
    hidden,
    kept_from,
    offset_for,
    quota_tradeoff,
)
from vireo.interest.cold_item_weights import cold_item_holdout, cold_item_weights
from vireo.interest.content_space import content_space
from vireo.interest.ensemble_weights import (
    MAX_CELLS,
    MIN_USERS,
    ValidationScores,
    choose,
    default_weights,
    with_content_fallback,
)
from vireo.interest.expert_protocols import Abilities
from vireo.interest.holdout import Holdout, by_last, by_time, random_split
from vireo.interest.registry import EXPERTS
from vireo.understanding.base import Understanding
from vireo.video.base import VideoFeatures


def build(
    tables: Tables,
    histories: Histories,
    understanding: Understanding,
    video: VideoFeatures,
    section: InterestSection,
    context: Context,
) -> InterestModel:
    """The fitted experts and their weights. Reads the part `videos` (for the dates)."""
    content, has_content = content_space(understanding, video)
    if len(content) != histories.n_videos:
        raise StageFailed(
            f"The histories know {histories.n_videos} videos, the vectors {len(content)}: the "
            "stages were built from different catalogues.",
            "Type: vireo build",
        )
    published = tables.videos["published_at"].fill_null(NO_TIME).to_numpy().astype(np.int64)
    training = Training(histories, content, has_content, published)
    return fit(training, section, context)


def fit(training: Training, section: InterestSection, context: Context) -> InterestModel:
    """Weights from users held back, then every expert on everything."""
    found = _weighed(training, section, context)
    experts = _experts(replace(training, before=found.experts), section, context)
    notes = [str(note) for e in experts.values() if (note := getattr(e, "note", ""))]
    report = {
        "users": len(training.histories),
        "videos": training.n_videos,
        "new_videos": int((~training.warm).sum()),
        "videos_with_content": int(training.has_content.sum()),
        "validation": found.report,
        "notes": sorted(set(notes)),
    }
    return InterestModel(
        experts,
        found.weights,
        training.content,
        report,
        training.warm,
        found.cold_weights,
        section.allow_repeats,
        found.offset,
    )


def _experts(training: Training, section: InterestSection, context: Context) -> dict[str, Expert]:
    experts: dict[str, Expert] = {}
    with context.progress.task("experts", len(section.experts)) as tick:
        for name in section.experts:
            experts[name] = EXPERTS.get(name).fit(training, section, context)
            tick(1, name)
    return experts


@dataclass(frozen=True)
class _Found:
    """Results of the validation on held-out users."""

    weights: dict[str, float]
    cold_weights: dict[str, float] | None
    offset: float
    report: Mapping[str, Any]
    experts: dict[str, Expert]
    """Of those who were heard, the ones from which a new training goes on."""


def _weighed(training: Training, section: InterestSection, context: Context) -> _Found:
    held, how = _held_back(training, section, context.seed)
    report = {"users": len(held.rows), "held_back": how}
    if len(held.rows) < MIN_USERS:
        note = (
            f"Only {len(held.rows)} users have events to hold out ({MIN_USERS} are needed): "
            "the ensemble keeps its default weights."
        )
        if section.validation_users:
            context.progress.say(note)
        report |= {"ndcg@10": {}, "note": note}
        return _Found(default_weights(section.experts), None, 0.0, report, {})
    kept = hidden(training, held, context.seed)
    rest = replace(training, histories=kept_from(held.histories, kept), shared={})
    experts = _experts(rest, section, context)
    validation = ValidationScores.compute(experts, held, rest.warm, section.allow_repeats)
    weights = choose(validation)
    for_cold = with_content_fallback(validation, weights)
    cold_held = cold_item_holdout(held.histories, kept, len(held.rows), context.seed)
    own = cold_item_weights(experts, cold_held, kept, rest.warm, sum(for_cold.values()))
    for_cold = for_cold if own is None else own
    totals = {name: validation.combined(name, 1.0) for name in validation.scores}
    totals["fused"] = fused = validation.total(weights, for_cold)
    rates = quota_tradeoff(validation, fused, ~rest.warm)
    share = section.cold_item_share
    offset = 0.0 if share is None else offset_for(validation, fused, ~rest.warm, share)
    ndcg = {name: round(float(validation.gains(total).mean()), 6) for name, total in totals.items()}
    about = {
        "hidden_videos": len(kept),
        "hidden_positives": len(cold_held.rows),
        "offset": offset,
        "exchange": rates,
        **describe_tradeoff(rates),
    }
    # free the held-out matrices before all experts are fitted again
    going_on = {name: e for name, e in experts.items() if Abilities.of(e).warm_start}
    report |= {"ndcg@10": ndcg, **about, "note": ""}
    return _Found(weights, for_cold, offset, report, going_on)


def _held_back(training: Training, section: InterestSection, seed: int) -> tuple[Holdout, str]:
    """By time where that leaves enough users, else the last of each; and which of the two."""
    cells = max(1, training.n_videos * (len(section.experts) + 1))
    users = min(section.validation_users, MAX_CELLS // cells)
    if section.validation == "time":
        held = by_time(training.histories, users, seed, section.allow_repeats)
        if len(held.rows) >= MIN_USERS:
            return held, "the latest events of all users"
    unordered = not (training.histories.times != NO_TIME).any()
    if section.validation == "random" or (section.validation == "time" and unordered):
        held = random_split(training.histories, users, seed, section.allow_repeats)
        return held, "a random fifth of some users' positives"
    held = by_last(training.histories, users, seed, section.allow_repeats)
    return held, "the last positive of each user"
