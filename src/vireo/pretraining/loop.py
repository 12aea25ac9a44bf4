"""The training loop: fit the head, then everything; measured, seeded, resumable after a kill."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from vireo.engine.progress import Progress, Tick
from vireo.pretraining.masking import Batch
from vireo.pretraining.network import MaskedModel
from vireo.pretraining.state import load_state, save_state

_HEAD_RATE = 1e-3
_WARM_UP = 0.1
_CURVE_POINTS = 8

Draw = Callable[[int], Batch]


@dataclass(frozen=True)
class Plan:
    """How long and how fast. The head is fitted for `head_steps` before the main `steps`."""

    steps: int
    head_steps: int
    learning_rate: float
    seed: int
    save_every: int = 50


@dataclass
class Journal:
    """What was measured so far; part of the saved state. Losses in nats per hidden word."""

    step: int = 0
    fresh: float = 0.0
    """Held-out loss with the base encoder and an unfitted head."""
    before: float = 0.0
    """Held-out loss with the base encoder and a fitted head: the fair start."""
    curve: list[dict[str, float]] = field(default_factory=list)


def fit(
    model: MaskedModel,
    draw: Draw,
    heldout: Sequence[Batch],
    plan: Plan,
    state: Path,
    progress: Progress,
) -> Journal:
    """Train `model` in place; `draw(step)` gives the batch of a step, the same one every time.

    The encoder is frozen until the head is fitted, because the gradients of a random head would
    spoil it (Kumar et al. 2022). Every `save_every` steps weights, optimiser and journal go to
    the file `state` in one rename; a run that finds the file goes on from there and ends with the
    same weights as one that was never interrupted.
    """
    journal = Journal()
    main = _optimiser(model.trained(), plan.learning_rate)
    with _seeded(), progress.task("pretraining", plan.head_steps + plan.steps) as tick:
        if state.exists():
            journal = Journal(**load_state(state, model, main))
            tick(plan.head_steps + journal.step)
        else:
            journal.fresh = heldout_loss(model, heldout)
            _fit_head(model, draw, plan, tick)
            journal.before = heldout_loss(model, heldout)
        _fit_all(model, main, draw, heldout, plan, journal, state, tick)
    model.eval()
    return journal


def heldout_loss(model: MaskedModel, batches: Sequence[Batch]) -> float:
    """Mean cross-entropy over all hidden words of the batches, without dropout."""
    model.eval()
    total, words = 0.0, 0
    with torch.no_grad():
        for batch in batches:
            total += float(model.loss(model.states(batch), batch, "sum"))
            words += len(batch.words)
    return total / max(1, words)


def _fit_head(model: MaskedModel, draw: Draw, plan: Plan, tick: Tick) -> None:
    optimiser = _optimiser(model.head(), _HEAD_RATE)
    model.eval()
    for step in range(plan.head_steps):
        batch = draw(step)
        with torch.no_grad():
            states = model.states(batch)
        loss = _descend(model.loss(states, batch), optimiser)
        tick(1, f"loss {loss:.2f}")


def _fit_all(
    model: MaskedModel,
    optimiser: torch.optim.AdamW,
    draw: Draw,
    heldout: Sequence[Batch],
    plan: Plan,
    journal: Journal,
    state: Path,
    tick: Tick,
) -> None:
    measure_every = max(1, plan.steps // _CURVE_POINTS)
    while journal.step < plan.steps:
        step = journal.step
        model.train()
        torch.manual_seed(_mixed(plan.seed, step))  # dropout of this step, resumed or not
        for group in optimiser.param_groups:
            group["lr"] = plan.learning_rate * _slope(step, plan.steps)
        batch = draw(plan.head_steps + step)
        loss = _descend(model.loss(model.states(batch), batch), optimiser)
        journal.step = step + 1
        if journal.step % measure_every == 0 or journal.step == plan.steps:
            measured = heldout_loss(model, heldout)
            journal.curve.append(
                {"step": journal.step, "train_loss": loss, "heldout_loss": measured}
            )
        if journal.step % plan.save_every == 0 and journal.step < plan.steps:
            save_state(state, model, optimiser, vars(journal))
        tick(1, f"loss {loss:.2f}")


def _descend(loss: torch.Tensor, optimiser: torch.optim.AdamW) -> float:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    every = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    nn.utils.clip_grad_norm_(every, 1.0)
    optimiser.step()
    return float(loss.detach())


def _optimiser(named: Iterable[tuple[str, nn.Parameter]], rate: float) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019); biases and norms are not decayed."""
    parameters = [parameter for _, parameter in named]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": 0.01},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=rate)


def _slope(step: int, steps: int) -> float:
    """Warm-up over a tenth of the steps, then linear decay to zero; within (0, 1]."""
    warm = max(1, round(_WARM_UP * steps))
    return min((step + 1) / warm, (steps - step) / max(1, steps - warm + 1))


def _mixed(seed: int, step: int) -> int:
    return int(np.random.SeedSequence([seed, 2, step]).generate_state(1)[0])


@contextmanager
def _seeded() -> Any:
    """Whatever the loop does to torch's random state is undone afterwards."""
    with torch.random.fork_rng(devices=[]):
        yield
