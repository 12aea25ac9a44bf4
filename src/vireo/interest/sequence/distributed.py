"""One training of a sequence network by several processes, on one machine or more.

The checkpoint's directory holds the job: windows, initial network, validation queries. The
processes take the steps of one process, each with its share of every batch, and leave a finished
checkpoint. `python -m vireo.interest.sequence.distributed DIRECTORY`, under torchrun.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file

from vireo.artifacts.files import read_json, write_json
from vireo.artifacts.tensor_files import read_arrays
from vireo.engine.distributed import launch, process_group
from vireo.engine.progress import LogProgress, NullProgress
from vireo.interest.base import SequenceContentSection, SequenceSection
from vireo.interest.sequence.build_network import build_content_network, build_sequence_network
from vireo.interest.sequence.content_network import ContentNetwork
from vireo.interest.sequence.network import SequenceNetwork
from vireo.interest.sequence.trainer import TrainingSchedule, train
from vireo.interest.sequence.validation import ValidationQueries
from vireo.interest.sequence.windows import Windows

_SETTINGS, _ARRAYS = "job/settings.json", "job/arrays.safetensors"


@dataclass(frozen=True)
class DistributedJob:
    """The inputs of a training, beside its initial network."""

    windows: Windows
    queries: ValidationQueries | None
    settings: SequenceSection
    schedule: TrainingSchedule
    seed: int


def train_distributed(job: DistributedJob, network: SequenceNetwork, checkpoint: Path) -> None:
    """Leave a finished checkpoint. Raises StageFailed where a process fails repeatedly."""
    (checkpoint / _SETTINGS).parent.mkdir(parents=True, exist_ok=True)
    parts: dict[str, dict[str, Any]] = {
        "windows": asdict(job.windows),
        "queries": asdict(job.queries) if job.queries else {},
        "network": {name: array.numpy() for name, array in network.state_dict().items()},
        "content": {},
    }
    if isinstance(network, ContentNetwork):
        parts["content"] = {"features": network.features.numpy()}
    arrays = {
        f"{part}/{name}": np.ascontiguousarray(array)
        for part, named in parts.items()
        for name, array in named.items()
    }
    save_file(arrays, checkpoint / _ARRAYS)
    scalars = {
        "settings": job.settings.model_dump(),
        "schedule": asdict(job.schedule),
        "seed": job.seed,
    }
    write_json(checkpoint / _SETTINGS, scalars)
    launch(__name__, checkpoint, job.settings.n_processes, "interest.sequence.n_processes")
    (checkpoint / _ARRAYS).unlink()


def main() -> None:
    """One process of the group."""
    checkpoint = Path(sys.argv[1])
    arrays = read_arrays(checkpoint / _ARRAYS)
    scalars = read_json(checkpoint / _SETTINGS) or {}
    settings = scalars["settings"]
    weights, content = _part(arrays, "network"), _part(arrays, "content")
    network: SequenceNetwork
    if content:
        settings = SequenceContentSection.model_validate(settings)
        network = build_content_network(settings, content["features"])
    else:
        settings = SequenceSection.model_validate(settings)
        network = build_sequence_network(settings, len(weights["item_bias"]))
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    queries = _part(arrays, "queries")
    with process_group() as group:
        train(
            network,
            Windows(**_part(arrays, "windows")),
            settings,
            TrainingSchedule(**scalars["schedule"]),
            queries=ValidationQueries(**queries) if queries else None,
            checkpoint=checkpoint,
            seed=scalars["seed"],
            progress=LogProgress() if group.is_main else NullProgress(),
            group=group,
        )
        group.barrier()  # a process that ends early would break the others' communication


def _part(arrays: dict[str, Any], part: str) -> dict[str, Any]:
    return {
        name.removeprefix(f"{part}/"): array
        for name, array in arrays.items()
        if name.startswith(f"{part}/")
    }


if __name__ == "__main__":
    main()
