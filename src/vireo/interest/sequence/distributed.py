"""One training of the sequence expert shared by several processes, on one machine or more.

What they need lies in the checkpoint's directory: windows, the network to start from, the questions
that it is measured by. They take the steps of one process, each with its share of every batch, and
leave a finished checkpoint. `python -m vireo.interest.sequence.distributed DIRECTORY`, under torchrun.
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
from vireo.engine.distributed import joined, launch
from vireo.engine.progress import LogProgress, NullProgress
from vireo.interest.base import SequenceContentSection, SequenceSection
from vireo.interest.sequence.content_expert import content_network
from vireo.interest.sequence.content_network import ContentNetwork
from vireo.interest.sequence.expert import network_of
from vireo.interest.sequence.network import SequenceNetwork
from vireo.interest.sequence.trainer import TrainingSchedule, learn
from vireo.interest.sequence.validation import ValidationQueries
from vireo.interest.sequence.windows import Windows

_TOLD, _ARRAYS = "job/told.json", "job/arrays.safetensors"


@dataclass(frozen=True)
class DistributedJob:
    """What a process that takes part must know."""

    windows: Windows
    questions: ValidationQueries | None
    settings: SequenceSection
    plan: TrainingSchedule
    seed: int


def train(job: DistributedJob, network: SequenceNetwork, checkpoint: Path) -> None:
    """Leave a finished checkpoint. Raises StageFailed where one of the processes failed."""
    (checkpoint / _TOLD).parent.mkdir(parents=True, exist_ok=True)
    parts: dict[str, dict[str, Any]] = {
        "windows": asdict(job.windows),
        "questions": asdict(job.questions) if job.questions else {},
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
    told = {"settings": job.settings.model_dump(), "plan": asdict(job.plan), "seed": job.seed}
    write_json(checkpoint / _TOLD, told)
    launch(__name__, checkpoint, job.settings.n_processes, "interest.sequence.n_processes")
    (checkpoint / _ARRAYS).unlink()


def main() -> None:
    """One of the processes."""
    checkpoint = Path(sys.argv[1])
    arrays = read_arrays(checkpoint / _ARRAYS)
    told = read_json(checkpoint / _TOLD) or {}
    settings = told["settings"]
    start, content = _part(arrays, "network"), _part(arrays, "content")
    network: SequenceNetwork
    if content:
        settings = SequenceContentSection.model_validate(settings)
        network = content_network(settings, content["features"])
    else:
        settings = SequenceSection.model_validate(settings)
        network = network_of(settings, len(start["bias"]))
    network.load_state_dict({name: torch.from_numpy(array) for name, array in start.items()})
    asked = _part(arrays, "questions")
    questions = ValidationQueries(**asked) if asked else None
    with joined() as team:
        learn(
            network,
            Windows(**_part(arrays, "windows")),
            settings,
            TrainingSchedule(**told["plan"]),
            questions=questions,
            checkpoint=checkpoint,
            seed=told["seed"],
            progress=LogProgress() if team.leads else NullProgress(),
            team=team,
        )
        team.wait()  # nobody leaves while another still needs it


def _part(arrays: dict[str, Any], part: str) -> dict[str, Any]:
    return {
        name.removeprefix(f"{part}/"): array
        for name, array in arrays.items()
        if name.startswith(f"{part}/")
    }


if __name__ == "__main__":
    main()
