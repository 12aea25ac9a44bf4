"""Learning curve of a pretraining report as a PNG file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vireo.errors import InputError


def plot(report: Mapping[str, Any], path: Path) -> None:
    """Draw training and held-out loss by step. Raises InputError when nothing was trained."""
    curve = report.get("curve") or []
    if not curve:
        raise InputError(
            "This pretraining report holds no learning curve: no model was trained.",
            'Build with pretraining.objective = "masked", "contrastive" or "causal" on at least '
            "20 texts.",
        )
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    steps = [point["step"] for point in curve]
    axes.plot(steps, [point["train_loss"] for point in curve], label="training batch", alpha=0.6)
    before = report.get("heldout_loss_before")
    if before is not None:
        unseen = [before, *(point["heldout_loss"] for point in curve)]
        axes.plot([0, *steps], unseen, marker="o", label="held-out videos")
    axes.set_xlabel("step")
    taken = report.get("taken_from_step")
    if taken:
        axes.axvline(taken, linestyle=":", color="grey", label="taken from here")
    axes.set_ylabel(f"loss (nats per {report.get('unit', 'term')})")
    axes.set_title(f"Pretraining: {report.get('objective', 'the language model')}")
    axes.legend()
    figure.savefig(path, dpi=120, format="png", metadata={"Software": None})
