"""State of an unfinished training in one safetensors file: weights, moments, log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from vireo.pretraining.objective import ObjectiveModel

_MOMENTS = ("exp_avg", "exp_avg_sq", "step")


def save_state(
    path: Path,
    learner: ObjectiveModel[Any],
    optimiser: torch.optim.AdamW,
    journal: Mapping[str, Any],
) -> None:
    """Write everything that the next step needs, in one rename: a kill leaves the last state."""
    tensors = _weights(learner)
    for name, parameter in learner.trained():
        for moment in _MOMENTS if parameter in optimiser.state else ():
            tensors[f"{moment}.{name}"] = optimiser.state[parameter][moment].contiguous()
    _write(tensors, path, json.dumps(dict(journal)))


def load_state(
    path: Path, learner: ObjectiveModel[Any], optimiser: torch.optim.AdamW
) -> dict[str, Any]:
    """Put weights and moments back in place; returns the journal."""
    tensors = load_weights(path, learner)
    for name, parameter in learner.trained():
        if f"step.{name}" in tensors:  # a parameter without gradients has no moments
            optimiser.state[parameter] = {
                moment: _placed(tensors[f"{moment}.{name}"], moment, parameter)
                for moment in _MOMENTS
            }
    with safe_open(path, "pt") as file:
        journal: dict[str, Any] = json.loads(file.metadata()["journal"])
    return journal


def save_weights(path: Path, learner: ObjectiveModel[Any]) -> None:
    """The trained parameters alone."""
    _write(_weights(learner), path, "{}")


def load_weights(path: Path, learner: ObjectiveModel[Any]) -> dict[str, Tensor]:
    """Put the trained parameters back; returns all tensors of the file."""
    tensors = load_file(path)
    with torch.no_grad():
        for name, parameter in learner.trained():
            parameter.copy_(tensors[f"weight.{name}"])
    return tensors


def _weights(learner: ObjectiveModel[Any]) -> dict[str, Tensor]:
    return {f"weight.{name}": p.detach().contiguous() for name, p in learner.trained()}


def _placed(tensor: Tensor, moment: str, parameter: Tensor) -> Tensor:
    # the optimiser keeps its counters on the processor
    return tensor if moment == "step" else tensor.to(parameter.device)


def _write(tensors: dict[str, Tensor], path: Path, journal: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    save_file(tensors, half, metadata={"journal": journal})
    half.replace(path)
