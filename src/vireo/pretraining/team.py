"""Team: the processes that share one training, through torch.distributed; usually one alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist

from vireo.errors import ConfigError

T = TypeVar("T")


@dataclass(frozen=True)
class Team:
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

    def wait(self) -> None:
        """Go on when all processes are here."""
        if self.size > 1:
            dist.barrier()

    def check(self, accumulate: int) -> None:
        """Raises ConfigError where a step's batches cannot be dealt out evenly."""
        if accumulate % self.size:
            raise ConfigError(
                f"{self.size} processes cannot share pretraining.accumulate = {accumulate} batches "
                "evenly.",
                f"Set pretraining.accumulate to a multiple of {self.size}.",
            )


ALONE = Team()


@contextmanager
def joined() -> Iterator[Team]:
    """The team that torchrun started this process in; alone without torchrun."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield Team(dist.get_rank(), size)
    finally:
        dist.destroy_process_group()


def device() -> torch.device:
    """Where this process computes: its own GPU where there is one."""
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")
