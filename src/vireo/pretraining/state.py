"""The state of an unfinished training in one safetensors file: weights, moments, journal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from vireo.pretraining.network import MaskedModel

_MOMENTS = ("exp_avg", "exp_avg_sq", "step")


def save_state(
    path: Path, model: MaskedModel, optimiser: torch.optim.AdamW, journal: Mapping[str, Any]
) -> None:
    """Write everything that the next step needs, in one rename: a kill leaves the last state."""
    tensors: dict[str, Tensor] = {}
    for name, parameter in model.trained():
        tensors[f"weight.{name}"] = parameter.detach().contiguous()
        for moment in _MOMENTS if parameter in optimiser.state else ():
            tensors[f"{moment}.{name}"] = optimiser.state[parameter][moment].contiguous()
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    save_file(tensors, half, metadata={"journal": json.dumps(dict(journal))})
    half.replace(path)


def load_state(path: Path, model: MaskedModel, optimiser: torch.optim.AdamW) -> dict[str, Any]:
    """Put weights and moments back in place; returns the journal."""
    tensors = load_file(path)
    with torch.no_grad():
        for name, parameter in model.trained():
            parameter.copy_(tensors[f"weight.{name}"])
            if f"step.{name}" in tensors:  # a parameter without gradients has no moments
                optimiser.state[parameter] = {
                    moment: tensors[f"{moment}.{name}"] for moment in _MOMENTS
                }
    with safe_open(path, "pt") as file:
        journal: dict[str, Any] = json.loads(file.metadata()["journal"])
    return journal
