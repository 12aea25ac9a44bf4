"""ProcessGroup: data-parallel training in several processes through torch.distributed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import nn

from vireo.errors import ConfigError, StageFailed

T = TypeVar("T")
_MAX_ATTEMPTS = 3


@dataclass(frozen=True)
class ProcessGroup:
    """Rank of this process and number of processes in the training."""

    rank: int = 0
    size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and reports progress (rank 0)."""
        return self.rank == 0

    def shard(self, batches: Sequence[T]) -> list[T]:
        """This rank's part of a step's batches."""
        return list(batches[self.rank :: self.size])

    def all_reduce(self, total: float, count: int) -> tuple[float, int]:
        """The sums of both numbers over all processes."""
        if self.size == 1:
            return total, count
        both = torch.tensor([total, float(count)], dtype=torch.float64, device=device())
        dist.all_reduce(both)
        return float(both[0]), round(float(both[1]))

    def broadcast(self, value: float) -> float:
        """The value of rank 0, in all processes."""
        return self.all_reduce(value if self.is_main else 0.0, 0)[0]

    def barrier(self) -> None:
        """Block until all processes have come here."""
        if self.size > 1:
            dist.barrier()

    def check_divisible(self, batches: int, setting: str) -> None:
        """Raises ConfigError where the number of processes does not divide `batches`."""
        if batches % self.size:
            raise ConfigError(
                f"{self.size} processes cannot share {setting} = {batches} batches evenly.",
                f"Set {setting} to a multiple of {self.size}.",
            )

    def all_reduce_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace gradients by their sums over all processes; a missing one counts as zero."""
        if self.size == 1:
            return
        trainable = [parameter for parameter in parameters if parameter.requires_grad]
        own = [torch.zeros_like(p) if p.grad is None else p.grad for p in trainable]
        flat = torch.cat([gradient.reshape(-1) for gradient in own])
        dist.all_reduce(flat)
        parts = torch.split(flat, [gradient.numel() for gradient in own])
        for parameter, part in zip(trainable, parts, strict=True):
            parameter.grad = part.view_as(parameter)


SINGLE_PROCESS = ProcessGroup()


@contextmanager
def process_group() -> Iterator[ProcessGroup]:
    """The group that torchrun started this process in; without torchrun one process."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield SINGLE_PROCESS
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield ProcessGroup(dist.get_rank(), size)
    finally:
        dist.destroy_process_group()


def device() -> torch.device:
    """Device of this process: its own GPU where there is one."""
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")


def launch(module: str, directory: Path, processes: int, setting: str) -> None:
    """`python -m module directory` in several processes of this machine, started by torchrun.

    If one dies, all start again from the last checkpoint; raises StageFailed after the third
    attempt.
    """
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
        *(f"--nproc-per-node={processes}", "-m", module, str(directory)),
    ]
    # processes that each use all threads would slow each other down
    threads = max(1, (os.cpu_count() or 1) // processes)
    environment = {"OMP_NUM_THREADS": str(threads), **os.environ}
    # not torchrun's own restarts: restarted processes can block for ever (torch 2.13)
    for _ in range(_MAX_ATTEMPTS):
        done = subprocess.run(command, env=environment, stdout=sys.stderr, check=False)
        if not done.returncode:
            return
    raise StageFailed(
        f"One of {processes} training processes ended with code {done.returncode}, "
        f"{_MAX_ATTEMPTS} times.",
        f"What they wrote is above; build again to go on, or set {setting} = 1.",
    )
