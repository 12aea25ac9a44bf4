"""Rows of a results file -> an SVG: one bar per system with its interval, Vireo's in red."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vireo.artifacts.files import digest_of_json

COLD = ("warm_ndcg@10", "cold_ndcg@10", "mixed_ndcg@10", "within_cold_ndcg@10")
OURS, THEIRS = "#c8553d", "#588b8b"
_MARK = "figures "


def plot(result: Mapping[str, Any], main: str, path: Path) -> None:
    """One panel for the main figure; for new items one for each of COLD, on the same rows."""
    # matplotlib is heavy; Figure alone needs no window and leaves no global state
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = sorted(result["rows"], key=lambda row: (-row["metrics"][main], row["system"]))
    if not rows:
        return
    names = COLD if result["protocol"] == "cold-items" else (main,)
    with mpl.rc_context({"svg.hashsalt": "vireo", "svg.fonttype": "none", "font.size": 10}):
        size = (6.0 + 2.6 * (len(names) - 1), 1.0 + 0.32 * len(rows))
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
        for axes, name in zip(panels, names, strict=True):
            _bars(axes, rows, name)
        about = {"Date": None, "Creator": None, "Description": _MARK + _figures(result)}
        figure.savefig(path, format="svg", metadata=about)


def is_of(path: Path, result: Mapping[str, Any]) -> bool:
    """Whether a plot shows these very figures; there is none where there are no rows."""
    if not result["rows"]:
        return not path.exists()
    return path.is_file() and _MARK + _figures(result) in path.read_text(encoding="utf-8")


def _figures(result: Mapping[str, Any]) -> str:
    """A digest of what is drawn."""
    rows = result["rows"]
    return digest_of_json([[row["system"], row["metrics"], row["intervals"]] for row in rows])


def _bars(axes: Any, rows: list[dict[str, Any]], name: str) -> None:
    values = [row["metrics"][name] for row in rows]
    bounds = [
        row["intervals"].get(name, (value, value)) for row, value in zip(rows, values, strict=True)
    ]
    below = [max(0.0, value - low) for value, (low, _) in zip(values, bounds, strict=True)]
    above = [max(0.0, high - value) for value, (_, high) in zip(values, bounds, strict=True)]
    colours = [OURS if row["system"].startswith("vireo") else THEIRS for row in rows]
    axes.barh(range(len(rows)), values, xerr=[below, above], color=colours, capsize=2)
    axes.set_yticks(range(len(rows)), [row["system"] for row in rows])
    if not axes.yaxis_inverted():
        axes.invert_yaxis()
    axes.set_title(name.replace("_", " "))
    axes.spines[["top", "right"]].set_visible(False)
