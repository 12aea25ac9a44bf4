"""What training a network within a budget keeps: the recipe, the best epoch, the checkpoint."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import time
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import contract
import torch


def threads() -> int:
    """Threads that training may use: BENCH_TORCH_THREADS, else OMP_NUM_THREADS, else two."""
    given = os.environ.get("BENCH_TORCH_THREADS") or os.environ.get("OMP_NUM_THREADS") or "2"
    return int(given)


@dataclass(frozen=True)
class Recipe:
    """A network's settings: its published parameters and how long it may be trained."""

    model: str
    parameters: dict[str, Any]
    max_epochs: int = 200
    patience: int = 50
    """Epochs without a better validation before training ends."""
    validation_users: int = 2048

    @staticmethod
    def of(job: contract.Job) -> Recipe:
        """The recipe in the job's settings; keys that say where it comes from are left alone."""
        given = {key: job.settings[key] for key in Recipe.__annotations__ if key in job.settings}
        return Recipe(**given)


@dataclass
class Progress:
    """How far training is; written to the checkpoint after each epoch."""

    path: Path | None
    fingerprint: str
    started: float
    cpu_started: float
    epoch: int = 0
    best_epoch: int = 0
    best_recall: float = -1.0
    last_seconds: float = 0.0
    earlier: dict[str, float] = field(default_factory=dict)
    best: dict[str, Any] = field(default_factory=dict)
    ended: str = ""

    @staticmethod
    def begin(job: contract.Job, recipe: Recipe) -> Progress:
        """Fresh, or with the place of the checkpoint that this job may resume."""
        marks = [
            json.dumps(recipe.__dict__, sort_keys=True).encode(),
            str(job.seed).encode(),
            job.split.user.tobytes(),
            job.split.item.tobytes(),
        ]
        fingerprint = hashlib.sha256(b"\0".join(marks)).hexdigest()
        path = None
        if job.checkpoint is not None:
            job.checkpoint.mkdir(parents=True, exist_ok=True)
            path = job.checkpoint / f"{recipe.model}-{fingerprint[:12]}.pt"
        return Progress(path, fingerprint, time.perf_counter(), time.process_time())

    def load(self, network: Any, optimizer: Any) -> None:
        """Go on from the checkpoint, if there is one."""
        if self.path is None or not self.path.is_file():
            return
        held = torch.load(self.path, weights_only=True)
        network.load_state_dict(held["network"])
        optimizer.load_state_dict(held["optimizer"])
        self.best, self.earlier = held["best"], held["spent"]
        self.epoch, self.best_epoch = int(held["epoch"]), int(held["best_epoch"])
        self.best_recall, self.last_seconds = held["best_recall"], held["last_seconds"]
        contract.progress(f"resumed after epoch {self.epoch} ({self.path.name})")

    def goes_on(self, recipe: Recipe, budget_seconds: float) -> bool:
        """Whether one more epoch is allowed and fits."""
        if self.epoch >= recipe.max_epochs:
            self.ended = f"all {recipe.max_epochs} epochs"
        elif self.epoch - self.best_epoch >= recipe.patience:
            self.ended = f"no better validation for {recipe.patience} epochs"
        elif self.epoch and not self._fits(budget_seconds):
            self.ended = f"the budget of {budget_seconds:.0f} s"
        return not self.ended

    def _fits(self, budget_seconds: float) -> bool:
        """Whether an epoch like the last one is left in the budget.

        The budget counts processor time, divided by the threads, so that a busy machine costs a
        peer nothing; but never more than twice as much on the clock.
        """
        spent = self._spent()
        per_epoch = spent["train_cpu_seconds"] / self.epoch
        worked = (spent["train_cpu_seconds"] + per_epoch) / torch.get_num_threads()
        waited = spent["train_seconds"] + self.last_seconds
        return worked <= budget_seconds and waited <= 2 * budget_seconds

    def after_epoch(self, network: Any, optimizer: Any, recall: float, seconds: float) -> None:
        """Count the epoch, keep the weights if they are the best, write the checkpoint."""
        self.epoch += 1
        self.last_seconds = seconds
        if recall > self.best_recall:
            self.best_recall, self.best_epoch = recall, self.epoch
            self.best = deepcopy(network.state_dict())
        contract.progress(
            f"epoch {self.epoch}: {seconds:.1f} s, validation recall@10 {recall:.4f} "
            f"(best {self.best_recall:.4f} at {self.best_epoch})"
        )
        self._save(network, optimizer)

    def restore_best(self, network: Any) -> None:
        """The weights of the best epoch."""
        if self.best:
            network.load_state_dict(self.best)

    def note(self, held: int) -> str:
        """What a reader of the table must know of this training."""
        return (
            f"best of {self.epoch} epochs: {self.best_epoch} (validation recall@10 "
            f"{self.best_recall:.4f} on {held} users); ended by {self.ended}"
        )

    def _spent(self) -> dict[str, float]:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
        now = {
            "train_seconds": time.perf_counter() - self.started,
            "train_cpu_seconds": time.process_time() - self.cpu_started,
        }
        spent = {key: value + self.earlier.get(key, 0.0) for key, value in now.items()}
        return {**spent, "peak_rss_mb": max(peak, self.earlier.get("peak_rss_mb", 0.0))}

    def _save(self, network: Any, optimizer: Any) -> None:
        if self.path is None:
            return
        held = {
            "network": network.state_dict(),
            "optimizer": optimizer.state_dict(),
            "best": self.best,
            "spent": self._spent(),
            "epoch": self.epoch,
            "best_epoch": self.best_epoch,
            "best_recall": self.best_recall,
            "last_seconds": self.last_seconds,
        }
        partial = self.path.with_suffix(".part")
        torch.save(held, partial)
        partial.replace(self.path)
