"""Leak check: artifacts and scores must not change with an altered future.

Each altered future is built in an empty directory from rewritten tables, without any cache
of events, so that a model which reads the future gives other artifacts.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from vireo.arrays import Floats
from vireo.artifacts import Manifest
from vireo.behavior.base import History
from vireo.errors import InputError, StageFailed
from vireo.evaluation.altered_future import AlteredFuture, Future
from vireo.evaluation.build_and_evaluate import BuiltModel, built
from vireo.evaluation.evaluate_model import scorers_of
from vireo.evaluation.plan import EvaluationPlan
from vireo.interest.base import Batch
from vireo.pipeline import BuildContext, run

FUTURES: Mapping[str, tuple[Future, ...]] = {
    "time": ("shuffled", "deleted"),
    "leave-one-out": ("shuffled",),  # deleted, the event before would be the last one
}
VIEWERS = 256
"""Whose scores of the whole catalogue are compared."""
_PARTS = ("videos", "media", "events", "comments")
"""Of the data artefact: all that stages may read."""


@dataclass(frozen=True)
class LeakCheck:
    """Compared arrays and lists, all equal."""

    cutoff: int | None
    futures: tuple[str, ...]
    stages: tuple[str, ...]
    systems: tuple[str, ...]
    viewers: int

    def __str__(self) -> str:
        return (
            f"No leak: with everything after the cutoff {' or '.join(self.futures)}, the artefacts "
            f"of {', '.join(self.stages)} and the scores of {', '.join(self.systems)} for "
            f"{self.viewers} viewers stay the same."
        )

    def as_json(self) -> dict[str, Any]:
        return {**self.__dict__, "leak": False}


def check_leaks(build: BuildContext, plan: EvaluationPlan) -> LeakCheck:
    """Raises StageFailed that names what changed; InputError for a protocol without a future."""
    if plan.protocol not in FUTURES:
        raise InputError(
            f"The protocol {plan.protocol} has no cutoff that something could come after.",
            f"Check one of: {', '.join(FUTURES)}.",
        )
    split = plan.splits(lambda: next(iter(run(build, until="data"))).manifest, build.context.seed)[
        0
    ]
    own = replace(build, config=plan.config(build.config), split=split)
    real = BuiltModel.of(built(own), own)
    for future in FUTURES[plan.protocol]:
        with tempfile.TemporaryDirectory(dir=build.context.cache, prefix="leaks-") as home:
            other = AlteredFuture(split, real.tables, future, build.context.seed)
            twin = other.build_context(own, Path(home))
            try:
                _compare(real, built(twin), twin, future, plan)
            finally:
                twin.store.close()
    scorers = scorers_of(real.model, plan.systems or None)
    return LeakCheck(
        split.cutoff,
        FUTURES[plan.protocol],
        tuple(real.made),
        tuple(scorers),
        min(VIEWERS, len(real.histories)),
    )


def _compare(
    real: BuiltModel,
    made: Mapping[str, Manifest],
    twin: BuildContext,
    future: str,
    plan: EvaluationPlan,
) -> None:
    changed = [stage for stage in real.made if not _same(stage, real.made[stage], made[stage])]
    scores, others = _scores(real, plan), _scores(BuiltModel.loaded(made, twin), plan)
    systems = [name for name in scores if not np.array_equal(scores[name], others[name])]
    if changed or systems:
        what = [f"the artefact of {stage}" for stage in changed]
        what += [f"the scores of {name}" for name in systems]
        raise StageFailed(
            f"A LEAK: with everything after the cutoff {future}, other models came out: "
            f"{', '.join(what)}. They have seen what they are asked about.",
            "Do not trust these figures. Look at what that stage or expert reads.",
        )


def _same(stage: str, one: Manifest, other: Manifest) -> bool:
    if stage == "data":
        return one.content(_PARTS) == other.content(_PARTS)
    return one.id == other.id and one.content() == other.content()


def _scores(world: BuiltModel, plan: EvaluationPlan) -> dict[str, Floats]:
    histories = world.histories
    rows = range(min(VIEWERS, len(histories)))
    asked = [*(histories.row(row) for row in rows), History.empty()]
    batch = Batch(asked, histories.now, histories.n_videos)
    scorers = scorers_of(world.model, plan.systems or None)
    return {name: scorer(batch) for name, scorer in scorers.items()}
