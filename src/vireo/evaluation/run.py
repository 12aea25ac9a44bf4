"""Held-out events and a model -> Report: every expert and the fused list, on the same users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from vireo.arrays import Doubles, Floats
from vireo.behavior.base import Histories
from vireo.engine.progress import Progress, Quiet
from vireo.errors import InputError, UnknownPart
from vireo.evaluation.bootstrap import Estimate, interval, resampled_means
from vireo.evaluation.metrics import coverage, per_user
from vireo.evaluation.ranking import Scorer, ranked_lists
from vireo.evaluation.report import Report
from vireo.evaluation.targets import Targets, targets_of
from vireo.interest.base import Batch, InterestModel
from vireo.interest.fusion import fused

FUSED = "fused"


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
    progress: Progress | None = None,
) -> Report:
    """Rank the whole catalogue for every user with a held-out event; users without history too.

    `systems` are experts of the model by name, and `fused`; all of them unless named. Raises
    InputError when nothing can be evaluated, UnknownPart for a system that the model lacks.
    """
    if not ks or min(ks) < 1:
        raise InputError(f"A list cannot be cut at {list(ks)}.", "Give lengths of 1 or more.")
    scorers = _scorers(model, systems)
    targets = targets_of(heldout, histories, video_ids)
    if not targets.user_ids:
        raise InputError(
            f"None of the {heldout.height} held-out events is a wanted, known video: there is "
            "nothing to evaluate.",
            "Choose an earlier cutoff.",
        )
    values: dict[str, dict[str, Doubles]] = {}
    shares: dict[str, dict[str, float]] = {}
    with (progress or Quiet()).task("evaluation", len(scorers)) as tick:
        for name, scorer in scorers.items():
            values[name], shares[name] = _measured(scorer, targets, histories, ks)
            tick(1, name)
    protocol = {
        "ranking": "all videos that the user has not met; ties lost",
        "split": dict(split),
        "videos": histories.n_videos,
        **targets.counts,
        "weights": dict(model.weights),
    }
    return Report(protocol, _estimates(values, shares, seed), values, seed)


def _scorers(model: InterestModel, systems: Sequence[str] | None) -> dict[str, Scorer]:
    known: dict[str, Scorer] = {name: expert.score for name, expert in model.experts.items()}
    known[FUSED] = partial(_fused_total, model)
    for name in systems or ():
        if name not in known:
            raise UnknownPart(
                f"There is no '{name}' among the systems.", f"Choose from: {', '.join(known)}."
            )
    return {name: known[name] for name in systems or known}


def _fused_total(model: InterestModel, batch: Batch) -> Floats:
    return fused(model, batch)[0]


def _measured(
    scorer: Scorer, targets: Targets, histories: Histories, ks: Sequence[int]
) -> tuple[dict[str, Doubles], dict[str, float]]:
    """Per-user values of every metric at every k, and the coverage at every k."""
    lists = ranked_lists(
        scorer, targets.histories, histories.now, histories.n_videos, targets.videos, max(ks)
    )
    values: dict[str, Doubles] = {}
    for k in ks:
        measured = per_user(lists, targets.videos, k)
        values |= {f"{metric}@{k}": value for metric, value in measured.items()}
    return values, {f"Coverage@{k}": coverage(lists, histories.n_videos, k) for k in ks}


def _estimates(
    values: Mapping[str, Mapping[str, Doubles]],
    shares: Mapping[str, Mapping[str, float]],
    seed: int,
) -> dict[str, dict[str, Estimate]]:
    systems: dict[str, dict[str, Estimate]] = {}
    for name, columns in values.items():
        means = resampled_means(np.column_stack(list(columns.values())), seed)
        systems[name] = {
            metric: Estimate(float(column.mean()), *interval(means[:, at]))
            for at, (metric, column) in enumerate(columns.items())
        }
        systems[name] |= {metric: Estimate(share) for metric, share in shares[name].items()}
    return systems
