"""Training loop of all objectives: fits the head, then all parameters; resumable after a kill.

The batches and the gradient of a step do not depend on the number of processes, up to the order
of a sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic

import numpy as np
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from vireo.engine.distributed import SINGLE_PROCESS, ProcessGroup, device
from vireo.engine.progress import Progress, Tick
from vireo.pretraining.checkpoints import load_state, load_weights, save_state, save_weights
from vireo.pretraining.objective import B, ObjectiveModel

_HEAD_RATE = 1e-3
_WARM_UP = 0.1

Draw = Callable[[int], Sequence[B]]
"""The batches of a step, the same ones every time; their gradients are added up."""


@dataclass(frozen=True)
class TrainingPlan:
    """How long and how fast. The head is fitted for `head_steps` before the main `steps`."""

    steps: int
    head_steps: int
    learning_rate: float
    seed: int
    save_every: int = 50
    measures: int = 8
    """How often the held-out loss is measured."""
    patience: int = 0
    """Measurements without a lower loss after which the training ends; 0 for never."""
    half: bool = False
    """Whether products are computed in bfloat16."""
    decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.999)


@dataclass
class TrainingLog:
    """Measurements; part of the saved state. Losses in nats."""

    step: int = 0
    fresh: float = 0.0
    """Held-out loss with an unfitted head."""
    before: float = 0.0
    """Held-out loss with a fitted head, before the rest is trained: the fair start."""
    curve: list[dict[str, float]] = field(default_factory=list)
    best_step: int = 0
    """Where the held-out loss was lowest."""
    best: float = float("inf")
    stale: int = 0
    """Measurements since then."""


def fit(
    learner: ObjectiveModel[B],
    draw: Draw[B],
    heldout: Sequence[B],
    plan: TrainingPlan,
    state: Path,
    progress: Progress,
    team: ProcessGroup = SINGLE_PROCESS,
) -> TrainingLog:
    """Train `learner` in place; it ends with the weights of its lowest held-out loss.

    What is not the head is frozen until the head is fitted, because the gradients of a random head
    would spoil it (Kumar et al. 2022). Every `save_every` steps weights, optimiser and journal go
    to the file `state` in one rename; a run that finds the file goes on from there and ends with
    the same weights as one that was never interrupted.
    """
    run = _Run(learner, draw, heldout, plan, state, team)
    steps = plan.head_steps + plan.steps
    with torch.random.fork_rng(devices=[]), progress.task("pretraining", steps) as tick:
        if state.exists():
            run.journal = TrainingLog(**load_state(state, learner, run.optimiser))
            tick(plan.head_steps + run.journal.step)
        else:
            run.journal.fresh = heldout_loss(learner, heldout, team)
            run.fit_head(tick)
            run.journal.before = heldout_loss(learner, heldout, team)
        run.fit_all(tick)
    if run.best.exists():
        load_weights(run.best, learner)
        team.barrier()  # all processes have read it before it is deleted
        if team.is_main:
            run.best.unlink()
    learner.eval()
    return run.journal


def heldout_loss(
    learner: ObjectiveModel[B], batches: Sequence[B], team: ProcessGroup = SINGLE_PROCESS
) -> float:
    """Mean loss over all terms of the batches, without dropout."""
    learner.eval()
    total, terms = 0.0, 0
    with torch.no_grad():
        for batch in team.shard(batches):
            total += float(learner(batch))
            terms += learner.terms(batch)
    total, terms = team.all_reduce(total, terms)
    return total / max(1, terms)


class _Run(Generic[B]):
    """State of a training that both phases share."""

    def __init__(
        self,
        learner: ObjectiveModel[B],
        draw: Draw[B],
        heldout: Sequence[B],
        plan: TrainingPlan,
        state: Path,
        team: ProcessGroup,
    ) -> None:
        self.learner = learner
        self.draw = draw
        self.heldout = heldout
        self.plan = plan
        self.state = state
        self.team = team
        self.best = state.with_name("best.safetensors")
        self.journal = TrainingLog()
        self.optimiser = _optimiser(learner.trained(), plan, plan.learning_rate)

    def fit_head(self, tick: Tick) -> None:
        """Fit the new parameters alone, without dropout."""
        head = dict(self.learner.head())
        if not head:
            return
        rest = [p for name, p in self.learner.trained() if name not in head]
        for parameter in rest:
            parameter.requires_grad_(False)
        self.learner.eval()
        optimiser = _optimiser(head.items(), self.plan, _HEAD_RATE)
        descend = self._descending(optimiser)
        for step in range(self.plan.head_steps):
            tick(1, f"loss {descend(step):.2f}")
        for parameter in rest:
            parameter.requires_grad_(True)

    def fit_all(self, tick: Tick) -> None:
        """The main phase, from step `journal.step` on."""
        plan, journal = self.plan, self.journal
        measure_every = max(1, plan.steps // plan.measures)
        descend = self._descending(self.optimiser)
        while journal.step < plan.steps and not self._is_stale():
            self.learner.train()
            for group in self.optimiser.param_groups:
                group["lr"] = plan.learning_rate * _slope(journal.step, plan.steps)
            loss = descend(plan.head_steps + journal.step)
            journal.step += 1
            if journal.step % measure_every == 0 or journal.step == plan.steps:
                self._measure(loss)
            if self.team.is_main and journal.step % plan.save_every == 0:
                save_state(self.state, self.learner, self.optimiser, vars(journal))
            tick(1, f"loss {loss:.2f}")

    def _measure(self, loss: float) -> None:
        journal = self.journal
        measured = heldout_loss(self.learner, self.heldout, self.team)
        journal.curve.append({"step": journal.step, "train_loss": loss, "heldout_loss": measured})
        journal.stale += 1
        if measured < journal.best:
            journal.best, journal.best_step, journal.stale = measured, journal.step, 0
            if self.team.is_main:
                save_weights(self.best, self.learner)
            self.team.barrier()

    def _is_stale(self) -> bool:
        return 0 < self.plan.patience <= self.journal.stale

    def _descending(self, optimiser: torch.optim.AdamW) -> Callable[[int], float]:
        """One step of the optimiser, as a function of its number; gives the mean loss per term."""
        team, learner = self.team, self.learner
        # created for each phase: it must know which parameters have gradients
        shared = DistributedDataParallel(learner) if team.size > 1 else None
        every = [p for group in optimiser.param_groups for p in group["params"]]

        def descend(step: int) -> float:
            batches = self.draw(step)
            terms = max(1, sum(map(learner.terms, batches)))
            optimiser.zero_grad(set_to_none=True)
            total = 0.0
            own = team.shard(list(enumerate(batches)))
            for place, (number, batch) in enumerate(own):
                last = place == len(own) - 1  # gradients travel once a step
                torch.manual_seed(_mixed(self.plan.seed, step, number))  # this batch's dropout
                with shared.no_sync() if shared and not last else nullcontext(), self._halved():
                    loss = (shared or learner)(batch)
                    # processes average their gradients; the step's is the sum over its terms
                    (loss * (team.size / terms)).backward()
                total += float(loss.detach())
            nn.utils.clip_grad_norm_(every, 1.0)
            optimiser.step()
            return team.all_reduce(total, 0)[0] / terms

        return descend

    def _halved(self) -> Any:
        return torch.autocast(device().type, torch.bfloat16, enabled=self.plan.half)


def _optimiser(
    named: Iterable[tuple[str, nn.Parameter]], plan: TrainingPlan, rate: float
) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019); biases and norms are not decayed."""
    parameters = [parameter for _, parameter in named]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": plan.decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=rate, betas=plan.betas)


def _slope(step: int, steps: int) -> float:
    """Warm-up over a tenth of the steps, then linear decay to zero; within (0, 1]."""
    warm = max(1, round(_WARM_UP * steps))
    return min((step + 1) / warm, (steps - step) / max(1, steps - warm + 1))


def _mixed(seed: int, step: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, 2, step, number]).generate_state(1)[0])
