"""The training loop of the sequence expert: one pass a checkpoint, resumed after a kill.

All positions of a window are trained at once, with a softmax over the true next video and sampled
others (shared by the batch), corrected for the sampling. Every pass draws its batches, negatives
and dropout from (seed, pass) alone, so a resumed run ends in the same network as an unbroken one.
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
from vireo.engine.distributed import ALONE, ProcessGroup, device
from vireo.engine.progress import Progress
from vireo.interest.base import SequenceSection
from vireo.interest.sequence.network import SequenceNetwork, gap_buckets
from vireo.interest.sequence.precision import in_half
from vireo.interest.sequence.validation import ValidationQueries
from vireo.interest.sequence.windows import Packed, Windows, batches_of, packed

_WARM_UP = 100
_LEAST_RATE = 0.05
_KNOWN_GAPS = 0.85
"""Share of the gaps that are told while learning: at serving some are not known."""
_SMALLEST_BATCH = 128
_FEWEST_BATCHES = 8
_PATIENCE = 4
"""Passes without a new best after which training stops."""


@dataclass(frozen=True)
class TrainingSchedule:
    """How long to learn, and how fast at most."""

    passes: int
    rate: float


@dataclass(frozen=True)
class TrainingResult:
    """The network's arrays and the curve of its training."""

    arrays: dict[str, Floats]
    curve: tuple[dict[str, float], ...]
    """Per pass: loss, and NDCG@10 on the users held back where there are any."""


@dataclass
class _State:
    """What a checkpoint holds."""

    done: int
    curve: list[dict[str, float]]
    best: float
    arrays: dict[str, Tensor]
    """Of the best pass so far; of the last one where nobody is held back."""


def plan_of(windows: Windows, section: SequenceSection, again: bool) -> TrainingSchedule:
    """`epochs` passes, but at least `least_steps` and at most `most_steps` batches in all.

    A network that goes on from an earlier one (`again`) needs a fifth of it, at a third of the
    rate.
    """
    per_pass = max(1, math.ceil(windows.tokens / batch_tokens(windows, section)))
    passes = max(section.epochs, math.ceil(section.min_steps / per_pass))
    passes = max(1, min(passes, section.max_steps // per_pass))
    if again:
        return TrainingSchedule(max(1, round(passes / 5)), section.learning_rate / 3)
    return TrainingSchedule(passes, section.learning_rate)


def batch_tokens(windows: Windows, section: SequenceSection) -> int:
    """`tokens`, or less where that leaves fewer than eight batches in a pass."""
    return min(section.batch_tokens, max(_SMALLEST_BATCH, windows.tokens // _FEWEST_BATCHES))


def learn(
    network: SequenceNetwork,
    windows: Windows,
    section: SequenceSection,
    plan: TrainingSchedule,
    *,
    questions: ValidationQueries | None,
    checkpoint: Path,
    seed: int,
    progress: Progress,
    team: ProcessGroup = ALONE,
    name: str = "sequence",
) -> TrainingResult:
    """Train the network in place; with `questions` the pass with the best NDCG@10 is kept.

    A checkpoint that another training completed is not gone on with: its network is the answer.
    The processes of a team take the same steps as one alone, dropout aside.
    """
    network.to(device())
    optimizer = torch.optim.AdamW(network.parameters(), lr=plan.rate, betas=(0.9, 0.98))
    state = _resumed(checkpoint, network, optimizer) or _State(0, [], -1.0, _copy(network))
    with progress.task(name, plan.passes) as tick:
        tick(state.done, "")
        for number in range(state.done, plan.passes):
            if questions is not None and _is_stuck(state.curve):
                break
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed * 100_003 + number + 7919 * team.rank)  # dropout
                loss = _one_pass(network, optimizer, windows, section, plan, number, seed, team)
            entry = {"loss": loss}
            if questions is not None:
                own = questions.ndcg(network, section) if team.leads else 0.0
                entry["ndcg@10"] = team.broadcast(own)
            value = entry.get("ndcg@10", float(number))
            if value > state.best:
                state.best, state.arrays = value, _copy(network)
            state.done = number + 1
            state.curve.append({name: round(figure, 6) for name, figure in entry.items()})
            if team.leads:
                _save(checkpoint, network, optimizer, state)
            tick(1, ", ".join(f"{name} {figure:.4f}" for name, figure in entry.items()))
    arrays = {name: array.cpu().numpy() for name, array in state.arrays.items()}
    return TrainingResult(arrays, tuple(state.curve))


def _is_stuck(curve: list[dict[str, float]]) -> bool:
    values = [0.0, *(entry["ndcg@10"] for entry in curve)]
    return len(values) - 1 - int(np.argmax(values)) >= _PATIENCE


def _one_pass(
    network: SequenceNetwork,
    optimizer: torch.optim.Optimizer,
    windows: Windows,
    section: SequenceSection,
    plan: TrainingSchedule,
    number: int,
    seed: int,
    team: ProcessGroup,
) -> float:
    """Every window once. -> the mean loss"""
    rng = np.random.default_rng([seed, number])
    network.train()
    batches = batches_of(windows, batch_tokens(windows, section), rng)
    total = 0.0
    for at, chosen in enumerate(batches):
        step, steps = number * len(batches) + at, plan.passes * len(batches)
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * _share(step, steps)
        loss = loss_of(network, packed(windows, chosen), section, rng, team)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        team.add_gradients(network.parameters())
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        total += float(loss.detach())
    return team.summed(total, 0)[0] / max(1, len(batches))


def _share(step: int, steps: int) -> float:
    """Linear warm-up, then half a cosine."""
    warm = min(1.0, (step + 1) / min(_WARM_UP, max(1, steps // 4)))
    cosine = 0.5 * (1.0 + math.cos(math.pi * step / steps))
    return warm * (_LEAST_RATE + (1.0 - _LEAST_RATE) * cosine)


def loss_of(
    network: SequenceNetwork,
    batch: Packed,
    section: SequenceSection,
    rng: np.random.Generator,
    team: ProcessGroup = ALONE,
) -> Tensor:
    """Cross-entropy of the next video, among all or among `negatives` sampled ones.

    Of a team each process reads its share of the windows; the sum of what they return is the mean.
    """
    gaps = np.where(rng.random(batch.gaps.shape) < _KNOWN_GAPS, batch.gaps, -1)
    n_videos = len(network.bias)
    is_sampled = bool(section.n_negatives) and section.n_negatives < n_videos
    others = rng.choice(n_videos, section.n_negatives, replace=False) if is_sampled else None
    mine = slice(team.rank, None, team.size)
    targets = torch.from_numpy(batch.targets[mine]).to(device())
    if not len(targets):
        return network.bias.sum() * 0.0
    videos = torch.from_numpy(batch.videos[mine]).to(device())
    with in_half(section):
        states = network.states(videos, buckets(gaps[mine], section.time_aware).to(device()))
    predicted = targets >= 0
    states, targets = states.float()[predicted], targets[predicted]  # logits need all their digits
    share = len(targets) / int((batch.targets >= 0).sum())
    if others is None:
        return F.cross_entropy(states @ network.table().T + network.biases(), targets) * share
    return _sampled(network, states, targets, torch.from_numpy(others).to(device())) * share


def _sampled(network: SequenceNetwork, states: Tensor, targets: Tensor, others: Tensor) -> Tensor:
    """The mean loss with `others` in the place of all videos but the true one."""
    table, bias = network.table(), network.biases()
    itself = others[None] == targets[:, None]
    logits = states @ table[others].T + bias[others]
    logits = logits.masked_fill(itself, -1e9)
    # what was drawn stands for all videos but the true one
    correction = torch.log((len(table) - 1) / (len(others) - itself.sum(dim=1)))
    true = (states * table[targets]).sum(dim=-1) + bias[targets]
    return (torch.logaddexp(torch.logsumexp(logits, dim=1) + correction, true) - true).mean()


def buckets(gaps: np.ndarray, time_aware: bool) -> Tensor:
    """Milliseconds (-1: unknown) -> gap buckets; all unknown where time does not count."""
    if not time_aware:
        return torch.zeros(gaps.shape, dtype=torch.int64)
    seconds = torch.from_numpy(np.where(gaps < 0, -1.0, gaps / 1000.0))
    return gap_buckets(seconds)


def _copy(network: SequenceNetwork) -> dict[str, Tensor]:
    return {name: array.detach().clone() for name, array in network.state_dict().items()}


def _save(
    checkpoint: Path, network: SequenceNetwork, optimizer: torch.optim.Optimizer, state: _State
) -> None:
    """One directory per pass, complete before its name appears in `last.json`."""
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
) -> _State | None:
    """The state of the last complete pass, loaded into the network and the optimizer."""
    if not (checkpoint / "last.json").is_file():
        return None
    about = json.loads((checkpoint / "last.json").read_text(encoding="utf-8"))
    file = checkpoint / f"{about['done']}.safetensors"
    if not file.is_file():
        return None
    arrays = load_file(file, device=str(network.bias.device))
    network.load_state_dict(_part(arrays, "now."))
    adam: dict[int, dict[str, Tensor]] = {}
    for name, value in _part(arrays, "adam.").items():
        at, field = name.split(".", 1)
        adam.setdefault(int(at), {})[field] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": adam, "param_groups": groups})
    return _State(about["done"], about["curve"], about["best"], _part(arrays, "best."))


def _part(arrays: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}
