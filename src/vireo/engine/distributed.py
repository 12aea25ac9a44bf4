"""Team: the processes that share one training, through torch.distributed; usually one alone."""

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
_TRIES = 3


@dataclass(frozen=True)
class ProcessGroup:
    """This process's place among those that train together."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files and reports progress."""
        return self.rank == 0

    def share(self, batches: Sequence[T]) -> list[T]:
        """This process's part of a step's batches."""
        return list(batches[self.rank :: self.size])

    def summed(self, total: float, count: int) -> tuple[float, int]:
        """The sums over all processes."""
        if self.size == 1:
            return total, count
        both = torch.tensor([total, float(count)], dtype=torch.float64, device=device())
        dist.all_reduce(both)
        return float(both[0]), round(float(both[1]))

    def broadcast(self, value: float) -> float:
        """What the leading process says, in all."""
        return self.summed(value if self.leads else 0.0, 0)[0]

    def wait(self) -> None:
        """Go on when all processes are here."""
        if self.size > 1:
            dist.barrier()

    def check(self, batches: int, setting: str) -> None:
        """Raises ConfigError where a step's batches cannot be dealt out evenly."""
        if batches % self.size:
            raise ConfigError(
                f"{self.size} processes cannot share {setting} = {batches} batches evenly.",
                f"Set {setting} to a multiple of {self.size}.",
            )

    def add_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Every process gets the sum of the gradients of all; one without any counts as zero."""
        if self.size == 1:
            return
        wanted = [parameter for parameter in parameters if parameter.requires_grad]
        own = [torch.zeros_like(p) if p.grad is None else p.grad for p in wanted]
        flat = torch.cat([gradient.reshape(-1) for gradient in own])
        dist.all_reduce(flat)
        parts = torch.split(flat, [gradient.numel() for gradient in own])
        for parameter, part in zip(wanted, parts, strict=True):
            parameter.grad = part.view_as(parameter)


ALONE = ProcessGroup()


@contextmanager
def joined() -> Iterator[ProcessGroup]:
    """The team that torchrun started this process in; alone without torchrun."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield ProcessGroup(dist.get_rank(), size)
    finally:
        dist.destroy_process_group()


def device() -> torch.device:
    """Where this process computes: its own GPU where there is one."""
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")


def launch(module: str, shelf: Path, processes: int, setting: str) -> None:
    """`python -m module shelf` in several processes of this machine, started by torchrun.

    Where one dies, all start again from the last checkpoint; raises StageFailed where that did
    not help.
    """
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
        *(f"--nproc-per-node={processes}", "-m", module, str(shelf)),
    ]
    # several processes that each take every thread would wait for one another
    threads = max(1, (os.cpu_count() or 1) // processes)
    environment = {"OMP_NUM_THREADS": str(threads), **os.environ}
    # not torchrun's own restarts: processes that it started again can wait for ever (torch 2.13)
    for _ in range(_TRIES):
        done = subprocess.run(command, env=environment, stdout=sys.stderr, check=False)
        if not done.returncode:
            return
    raise StageFailed(
        f"One of {processes} training processes ended with code {done.returncode}, {_TRIES} times.",
        f"What they wrote is above; build again to go on, or set {setting} = 1.",
    )
