"""The training loop of the sequence network: one checkpoint per epoch, resumed after a kill.

Every position of a window is a prediction: softmax cross-entropy over the next video and sampled
negatives (shared by the batch), corrected for the sampling. An epoch draws its batches, negatives
and dropout from (seed, epoch) alone, so a resumed run gives the same network as an unbroken one.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from vireo.arrays import Floats
from vireo.artifacts.files import write_json
from vireo.engine.distributed import SINGLE_PROCESS, ProcessGroup, device
from vireo.engine.progress import Progress
from vireo.interest.base import SequenceSection
from vireo.interest.sequence.network import SequenceNetwork
from vireo.interest.sequence.precision import autocast
from vireo.interest.sequence.validation import ValidationQueries
from vireo.interest.sequence.windows import (
    PaddedBatch,
    Windows,
    batches_of,
    gap_buckets,
    training_batch,
)

_WARM_UP_STEPS = 100
_FINAL_RATE = 0.05
"""Learning rate at the end, as a share of the highest."""
_KNOWN_GAPS = 0.85
"""Share of the gaps that training does not mask: in serving some are unknown."""
_MIN_BATCH_TOKENS = 128
_MIN_BATCHES = 8
_PATIENCE = 4
"""Epochs without a better NDCG after which training stops."""


@dataclass(frozen=True)
class TrainingSchedule:
    """Number of epochs and highest learning rate."""

    epochs: int
    learning_rate: float


@dataclass(frozen=True)
class TrainingResult:
    """The trained network's arrays and its learning curve."""

    arrays: dict[str, Floats]
    curve: tuple[dict[str, float], ...]
    """Per epoch: loss, and NDCG@10 where users were held out."""


@dataclass
class _Checkpoint:
    """State of a training after an epoch."""

    done: int
    curve: list[dict[str, float]]
    best: float
    arrays: dict[str, Tensor]
    """Of the best epoch so far; of the last where no users are held out."""


def schedule_of(windows: Windows, settings: SequenceSection, warm_start: bool) -> TrainingSchedule:
    """`epochs`, but at least `min_steps` and at most `max_steps` batches in all.

    A warm start takes a fifth of the epochs, at a third of the learning rate.
    """
    per_epoch = max(1, math.ceil(windows.tokens / batch_tokens(windows, settings)))
    epochs = max(settings.epochs, math.ceil(settings.min_steps / per_epoch))
    epochs = max(1, min(epochs, settings.max_steps // per_epoch))
    if warm_start:
        return TrainingSchedule(max(1, round(epochs / 5)), settings.learning_rate / 3)
    return TrainingSchedule(epochs, settings.learning_rate)


def batch_tokens(windows: Windows, settings: SequenceSection) -> int:
    """The setting, or less where an epoch would have fewer than eight batches."""
    return min(settings.batch_tokens, max(_MIN_BATCH_TOKENS, windows.tokens // _MIN_BATCHES))


def train(
    network: SequenceNetwork,
    windows: Windows,
    settings: SequenceSection,
    schedule: TrainingSchedule,
    *,
    queries: ValidationQueries | None,
    checkpoint: Path,
    seed: int,
    progress: Progress,
    group: ProcessGroup = SINGLE_PROCESS,
    name: str = "sequence",
) -> TrainingResult:
    """Train the network in place; with `queries` the epoch with the best NDCG@10 is kept.

    Resumes from the checkpoint; a finished one is the result. The processes of a group take the
    steps of one process, dropout aside.
    """
    network.to(device())
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=schedule.learning_rate, betas=(0.9, 0.98)
    )
    state = _resumed(checkpoint, network, optimizer) or _Checkpoint(0, [], -1.0, _copy(network))
    with progress.task(name, schedule.epochs) as tick:
        tick(state.done, "")
        for epoch in range(state.done, schedule.epochs):
            if queries is not None and _stops_early(state.curve):
                break
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed * 100_003 + epoch + 7919 * group.rank)  # dropout
                loss = _train_epoch(
                    network, optimizer, windows, settings, schedule, epoch, seed, group
                )
            entry = {"loss": loss}
            if queries is not None:
                ndcg = queries.ndcg(network, settings) if group.is_main else 0.0
                entry["ndcg@10"] = group.broadcast(ndcg)
            value = entry.get("ndcg@10", float(epoch))
            if value > state.best:
                state.best, state.arrays = value, _copy(network)
            state.done = epoch + 1
            state.curve.append({name: round(figure, 6) for name, figure in entry.items()})
            if group.is_main:
                _save(checkpoint, network, optimizer, state)
            tick(1, ", ".join(f"{name} {figure:.4f}" for name, figure in entry.items()))
    arrays = {name: array.cpu().numpy() for name, array in state.arrays.items()}
    return TrainingResult(arrays, tuple(state.curve))


def _stops_early(curve: list[dict[str, float]]) -> bool:
    values = [0.0, *(entry["ndcg@10"] for entry in curve)]
    return len(values) - 1 - int(np.argmax(values)) >= _PATIENCE


def _train_epoch(
    network: SequenceNetwork,
    optimizer: torch.optim.Optimizer,
    windows: Windows,
    settings: SequenceSection,
    schedule: TrainingSchedule,
    epoch: int,
    seed: int,
    group: ProcessGroup,
) -> float:
    """Every window once. Returns the mean loss."""
    rng = np.random.default_rng([seed, epoch])
    network.train()
    batches = batches_of(windows, batch_tokens(windows, settings), rng)
    total = 0.0
    for at, rows in enumerate(batches):
        step, steps = epoch * len(batches) + at, schedule.epochs * len(batches)
        for parameters in optimizer.param_groups:
            parameters["lr"] = schedule.learning_rate * _rate_factor(step, steps)
        loss = batch_loss(network, training_batch(windows, rows), settings, rng, group)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        group.all_reduce_gradients(network.parameters())
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        total += float(loss.detach())
    return group.all_reduce(total, 0)[0] / max(1, len(batches))


def _rate_factor(step: int, steps: int) -> float:
    """Linear warm-up, then cosine decay."""
    warm = min(1.0, (step + 1) / min(_WARM_UP_STEPS, max(1, steps // 4)))
    cosine = 0.5 * (1.0 + math.cos(math.pi * step / steps))
    return warm * (_FINAL_RATE + (1.0 - _FINAL_RATE) * cosine)


def batch_loss(
    network: SequenceNetwork,
    batch: PaddedBatch,
    settings: SequenceSection,
    rng: np.random.Generator,
    group: ProcessGroup = SINGLE_PROCESS,
) -> Tensor:
    """Cross-entropy of the next video among all, or among `n_negatives` sampled ones.

    A process of a group reads its share of the windows; the sum over the group is the mean loss.
    """
    gaps = np.where(rng.random(batch.gaps.shape) < _KNOWN_GAPS, batch.gaps, -1)
    n_videos = len(network.item_bias)
    is_sampled = bool(settings.n_negatives) and settings.n_negatives < n_videos
    negatives = rng.choice(n_videos, settings.n_negatives, replace=False) if is_sampled else None
    windows = slice(group.rank, None, group.size)
    targets = torch.from_numpy(batch.targets[windows]).to(device())
    if not len(targets):
        return network.item_bias.sum() * 0.0
    videos = torch.from_numpy(batch.videos[windows]).to(device())
    buckets = torch.from_numpy(gap_buckets(gaps[windows], settings.time_aware)).to(device())
    with autocast(settings):
        states = network.states(videos, buckets)
    predicted = targets >= 0
    states, targets = states.float()[predicted], targets[predicted]  # logits need float32
    share = len(targets) / int((batch.targets >= 0).sum())
    if negatives is None:
        logits = states @ network.output_embeddings().T + network.output_biases()
        return F.cross_entropy(logits, targets) * share
    sampled = torch.from_numpy(negatives).to(device())
    return _sampled_softmax_loss(network, states, targets, sampled) * share


def _sampled_softmax_loss(
    network: SequenceNetwork, states: Tensor, targets: Tensor, negatives: Tensor
) -> Tensor:
    """Mean cross-entropy with `negatives` in place of all videos but the target."""
    table, biases = network.output_embeddings(), network.output_biases()
    is_target = negatives[None] == targets[:, None]
    logits = states @ table[negatives].T + biases[negatives]
    logits = logits.masked_fill(is_target, -1e9)
    # the sampled ones stand for all videos but the target
    correction = torch.log((len(table) - 1) / (len(negatives) - is_target.sum(dim=1)))
    positive = (states * table[targets]).sum(dim=-1) + biases[targets]
    return (
        torch.logaddexp(torch.logsumexp(logits, dim=1) + correction, positive) - positive
    ).mean()


def _copy(network: SequenceNetwork) -> dict[str, Tensor]:
    return {name: array.detach().clone() for name, array in network.state_dict().items()}


def _save(
    checkpoint: Path, network: SequenceNetwork, optimizer: torch.optim.Optimizer, state: _Checkpoint
) -> None:
    """One file per epoch, complete before its name appears in `last.json`."""
    checkpoint.mkdir(parents=True, exist_ok=True)
    arrays = {f"best.{name}": array for name, array in state.arrays.items()}
    arrays |= {f"now.{name}": array for name, array in _copy(network).items()}
    for at, values in optimizer.state_dict()["state"].items():
        arrays |= {f"adam.{at}.{name}": value.clone() for name, value in values.items()}
    file = checkpoint / f"{state.done}.safetensors"
    save_file(arrays, file)
    about = {"done": state.done, "curve": state.curve, "best": state.best}
    write_json(checkpoint / "last.json", about)
    for old in checkpoint.glob("*.safetensors"):
        if old != file:
            old.unlink()


def _resumed(
    checkpoint: Path, network: SequenceNetwork, optimizer: torch.optim.Optimizer
) -> _Checkpoint | None:
    """The checkpoint of the last epoch, loaded into the network and the optimizer; None: none."""
    if not (checkpoint / "last.json").is_file():
        return None
    about = json.loads((checkpoint / "last.json").read_text(encoding="utf-8"))
    file = checkpoint / f"{about['done']}.safetensors"
    if not file.is_file():
        return None
    arrays = load_file(file, device=str(network.item_bias.device))
    network.load_state_dict(_part(arrays, "now."))
    adam: dict[int, dict[str, Tensor]] = {}
    for name, value in _part(arrays, "adam.").items():
        at, field = name.split(".", 1)
        adam.setdefault(int(at), {})[field] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": adam, "param_groups": groups})
    return _Checkpoint(about["done"], about["curve"], about["best"], _part(arrays, "best."))


def _part(arrays: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}
