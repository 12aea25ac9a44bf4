"""Report of a model on held-out events: every expert and the ensemble, on the same users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np
import polars as pl

from vireo.arrays import Floats
from vireo.behavior.base import Histories
from vireo.engine.progress import NullProgress, Progress
from vireo.errors import InputError, UnknownPart
from vireo.evaluation.beyond_accuracy import MetricContext
from vireo.evaluation.bootstrap import BootstrapSample, Estimate, estimates_of_systems
from vireo.evaluation.evaluator import SENTENCES, CachedScorer, Evaluator, MetricValues
from vireo.evaluation.ranking import Scorer
from vireo.evaluation.report import RANKING, Report, Slice
from vireo.evaluation.slices import METRICS, length_classes
from vireo.evaluation.targets import Targets, targets_of
from vireo.evaluation.tasks import (
    KNOWN_EVENTS,
    QueryTask,
    Task,
    after_the_first,
    cold_items,
    cold_users,
    plain,
)
from vireo.interest.base import Batch, Expert, InterestModel
from vireo.interest.ensemble import Ensemble

FUSED = SENTENCES
OFFSET = 0.5
"""Where warm videos keep less than this share of their figure beside cold ones, it is said."""


def evaluate(
    model: InterestModel,
    histories: Histories,
    video_ids: Sequence[str],
    heldout: pl.DataFrame,
    *,
    ks: Sequence[int] = (10,),
    systems: Sequence[str] | None = None,
    seed: int = 0,
    split: Mapping[str, Any] = {},
    background: MetricContext | None = None,
    heard: Histories | None = None,
    tastes: QueryTask | None = None,
    progress: Progress | None = None,
) -> Report:
    """Rank the whole catalogue for every user with a held-out event; users without history too.

    `systems` are experts of the model by name, and `fused`; all of them unless named. `heard` (the
    held-out events as histories) and `tastes` are for cold users, whose rows in `tastes` follow
    the report's users. Raises InputError when nothing can be evaluated, UnknownPart for a system
    that the model lacks.
    """
    if not ks or min(ks) < 1:
        raise InputError(f"A list cannot be cut at {list(ks)}.", "Give lengths of 1 or more.")
    scorers = scorers_of(model, systems)
    targets = wanted_of(heldout, histories, video_ids, heard)
    tasks = _tasks(str(split.get("protocol", "")), targets, histories, heard, tastes)
    background = background or MetricContext.of(histories, _content_of(model))
    is_asked_now = split.get("protocol", "time") == "time"
    measure = Evaluator(ks, histories.now, background, is_asked_now)
    measured = _measured(scorers, tasks, measure, progress)
    sample = BootstrapSample.plain(len(targets.user_ids))
    protocol = {
        "ranking": RANKING,
        "split": dict(split),
        "ks": list(ks),
        "videos": histories.n_videos,
        **targets.counts,
        "weights": dict(model.weights),
    }
    values = {name: one.values for name, one in measured.items()}
    means = estimates_of_systems(values, seed, sample)
    figures = {
        name: {**means[name], **{metric: Estimate(e) for metric, e in one.overall.items()}}
        for name, one in measured.items()
    }
    slices = {
        "history_length": _by_length(tasks[0], measured, ks[0], seed),
        "item_popularity": _by_popularity(measured, seed, sample),
    }
    users, notes = targets.user_ids, (*_notes(figures, ks[0]), *_exchange(model, split))
    return Report(protocol, figures, values, seed, sample, users, slices, notes=notes)


def wanted_of(
    heldout: pl.DataFrame,
    histories: Histories,
    video_ids: Sequence[str],
    heard: Histories | None = None,
) -> Targets:
    """Evaluated users with their targets; raises InputError if there are none.

    With `heard`, targets come after the first events, which the systems read.
    """
    targets = targets_of(heldout, histories, video_ids)
    if heard is not None:
        targets = _after_the_first(targets, heard)
    if not targets.user_ids:
        raise InputError(
            f"None of the {heldout.height} held-out events is a positive of a known video by a "
            "user with consent: there is nothing to evaluate.",
            "Choose an earlier cutoff, or another protocol.",
        )
    return targets


def _after_the_first(targets: Targets, heard: Histories) -> Targets:
    later = after_the_first(heard, targets.user_ids)
    kept = [row for row, user in enumerate(targets.user_ids) if len(later[user])]
    users = tuple(targets.user_ids[row] for row in kept)
    counts = {
        **targets.counts,
        "users": len(users),
        f"users_with_{KNOWN_EVENTS[-1]}_or_fewer_wanted_videos": len(targets.user_ids) - len(users),
        "targets": sum(len(later[user]) for user in users),
    }
    return replace(
        targets,
        user_ids=users,
        videos=tuple(later[user] for user in users),
        histories=tuple(targets.histories[row] for row in kept),
        counts=counts,
    )


def _tasks(
    protocol: str,
    targets: Targets,
    histories: Histories,
    heard: Histories | None,
    tastes: QueryTask | None,
) -> list[Task]:
    if protocol == "cold-items":
        return cold_items(targets, histories)
    if heard is not None:
        return cold_users(heard, targets, tastes)
    return plain(targets)


def _content_of(model: InterestModel) -> Floats | None:
    return model.content if model.content.shape[1] else None


def scorers_of(model: InterestModel, systems: Sequence[str] | None) -> dict[str, Scorer]:
    """Name -> what scores; raises UnknownPart for a system that the model lacks."""
    once = {name: cast("Expert", CachedScorer(expert)) for name, expert in model.experts.items()}
    model = replace(model, experts=once)
    known: dict[str, Scorer] = {name: expert.score for name, expert in once.items()}
    known[FUSED] = partial(_fused_total, model)
    for name in systems or ():
        if name not in known:
            raise UnknownPart(
                f"There is no '{name}' among the systems.", f"Choose from: {', '.join(known)}."
            )
    return {name: known[name] for name in systems or known}


def _fused_total(model: InterestModel, batch: Batch) -> Floats:
    return Ensemble.of(model, batch.n_videos).score(batch).total()


def _measured(
    scorers: Mapping[str, Scorer],
    tasks: Sequence[Task],
    measure: Evaluator,
    progress: Progress | None,
) -> dict[str, MetricValues]:
    """Every system on the tasks that it can do."""
    users = len(tasks[0].histories)
    with (progress or NullProgress()).task("evaluation", users * len(tasks)) as tick:
        return measure.systems(scorers, tasks, tick)


def _by_length(
    task: Task, measured: Mapping[str, MetricValues], k: int, seed: int
) -> tuple[Slice, ...]:
    labels, classes = length_classes(task.histories)
    names = [f"{metric}@{k}" for metric in METRICS]
    slices = []
    for at, label in enumerate(labels):
        rows = classes == at
        if not rows.any():
            continue
        own = BootstrapSample.plain(int(rows.sum()))
        columns = {name: {m: one.values[m][rows] for m in names} for name, one in measured.items()}
        slices.append(Slice(label, own.users, estimates_of_systems(columns, seed, own)))
    return tuple(slices)


def _by_popularity(
    measured: Mapping[str, MetricValues], seed: int, sample: BootstrapSample
) -> tuple[Slice, ...]:
    labels = next(iter(measured.values())).by_popularity
    slices = []
    for label, columns in labels.items():
        users = int(np.isfinite(next(iter(columns.values()))).sum())
        if users:
            own = {name: one.by_popularity[label] for name, one in measured.items()}
            slices.append(Slice(label, users, estimates_of_systems(own, seed, sample)))
    return tuple(slices)


def _notes(figures: Mapping[str, Mapping[str, Estimate]], k: int) -> tuple[str, ...]:
    """Notes that readers of the figures must know."""
    notes = []
    for name, own in figures.items():
        if f"warm_ndcg@{k}" not in own or f"within_warm_ndcg@{k}" not in own:
            continue
        beside, alone = own[f"warm_ndcg@{k}"].mean, own[f"within_warm_ndcg@{k}"].mean
        if beside < OFFSET * alone:
            notes.append(
                f"{name}: cold videos push warm ones out of the lists (warm ndcg@{k} {beside:.4f} "
                f"beside them, {alone:.4f} alone). Its cold figures are bought like that, as a "
                "constant added to every cold score would buy them; only within_cold is free of it."
            )
    return tuple(notes)


def _exchange(model: InterestModel, split: Mapping[str, Any]) -> tuple[str, ...]:
    """Accuracy lost to cold items, as measured with the weights; for cold items."""
    rate = model.report.get("validation", {}).get("exchange_rate")
    if rate is None or split.get("protocol") != "cold-items":
        return ()
    return (f"Exchange rate, from the events on which the weights were found: {rate}.",)
