"""Network of a Hugging Face directory on torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vireo.arrays import Bools, Floats, Ints
from vireo.language.hf_directory import load_network


class TorchNetwork:
    """In float32, or with `half` in bfloat16."""

    def __init__(self, directory: Path, half: bool = False) -> None:
        """Raises InputError when the directory holds no model that embeds text."""
        import torch

        network = load_network(directory)
        self._network = network.to(torch.bfloat16) if half else network

    def __call__(self, ids: Ints, mask: Bools) -> Floats:
        import torch

        with torch.inference_mode():
            means = pooled(self._network, torch.from_numpy(ids), torch.from_numpy(mask))
        vectors: Floats = means.numpy()
        return vectors


def pooled(network: Any, ids: Any, mask: Any) -> Any:
    """torch: ids (b, t) and mask (b, t) bool -> (b, d) float32 masked means."""
    states = network(input_ids=ids, attention_mask=mask.long()).last_hidden_state.float()
    weight = mask.unsqueeze(-1).float()
    return (states * weight).sum(1) / weight.sum(1)
