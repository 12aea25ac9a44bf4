"""Rows of a results file -> an SVG: one row per system with its interval, Vireo's in red."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vireo.artifacts.files import digest_of_json
from vireo.evaluation.bootstrap import Estimate
from vireo.evaluation.page.figures import PALETTE, interval_plot, svg

COLD = ("warm_ndcg@10", "cold_ndcg@10", "mixed_ndcg@10", "within_cold_ndcg@10")
OURS, THEIRS = PALETTE[:2]
_MARK = "figures "


def plot(result: Mapping[str, Any], main: str, path: Path) -> None:
    """One panel for the main metric; for cold items one for each of COLD, on the same rows."""
    rows = sorted(result["rows"], key=lambda row: (-row["metrics"][main], row["system"]))
    if not rows:
        return
    names = COLD if result["protocol"] == "cold-items" else (main,)
    looks = {
        row["system"]: (OURS if row["system"].startswith("vireo") else THEIRS, "o") for row in rows
    }
    columns = {
        name.replace("_", " "): {row["system"]: _estimate(row, name) for row in rows}
        for name in names
    }
    figure = interval_plot(columns, looks, width=560 + 220 * (len(names) - 1), length=60)
    path.write_text(svg(figure, description=_MARK + _figures(result)), encoding="utf-8")


def is_of(path: Path, result: Mapping[str, Any]) -> bool:
    """Whether a plot shows these very figures; there is none where there are no rows."""
    if not result["rows"]:
        return not path.exists()
    return path.is_file() and _MARK + _figures(result) in path.read_text(encoding="utf-8")


def _figures(result: Mapping[str, Any]) -> str:
    """A digest of what is drawn."""
    rows = result["rows"]
    return digest_of_json([[row["system"], row["metrics"], row["intervals"]] for row in rows])


def _estimate(row: Mapping[str, Any], name: str) -> Estimate:
    return Estimate(row["metrics"][name], *row["intervals"].get(name, ()))
