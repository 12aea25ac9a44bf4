"""Estimates -> a picture: one bar per system with its interval, for HR and NDCG at the first k."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vireo.evaluation.bootstrap import Estimate

_WANTED = ("HR@", "NDCG@")


def plot(systems: Mapping[str, Mapping[str, Estimate]], path: Path) -> None:
    """Write a PNG."""
    # matplotlib is heavy; Figure alone needs no window and leaves no global state
    from matplotlib.figure import Figure

    names = list(systems)
    measured = list(systems[names[0]])
    metrics = [next(m for m in measured if m.startswith(kind)) for kind in _WANTED]
    figure = Figure(figsize=(5.0 * len(metrics), 1.0 + 0.45 * len(names)), layout="constrained")
    for axes, metric in zip(figure.subplots(1, len(metrics)), metrics, strict=True):
        estimates = [systems[name][metric] for name in names]
        means = [e.mean for e in estimates]
        below = [max(0.0, e.mean - (e.mean if e.low is None else e.low)) for e in estimates]
        above = [max(0.0, (e.mean if e.high is None else e.high) - e.mean) for e in estimates]
        colours = ["#c8553d" if name == "fused" else "#588b8b" for name in names]
        axes.barh(range(len(names)), means, xerr=[below, above], color=colours, capsize=3)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_title(f"{metric}, 95% intervals")
    figure.savefig(path, dpi=120, metadata={"Software": None})
