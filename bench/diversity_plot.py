"""The curve of accuracy against diversity and calibration, as an svg without dates in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def draw(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Two panels: what each setting costs in NDCG@10, against what it brings."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "vireo"
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
    shown = (
        ("diversity", "ild_change", "intra-list diversity"),
        ("calibration", "js_change", "Jensen-Shannon divergence"),
    )
    for panel, (setting, gain, title) in zip(panels, shown, strict=True):
        other = "calibration" if setting == "diversity" else "diversity"
        own = [row for row in rows if not row[other]]
        x = [100 * row[gain] for row in own]
        y = [100 * row["ndcg_change"] for row in own]
        low = [100 * (row["ndcg_change"] - row["ndcg_change_interval"][0]) for row in own]
        high = [100 * (row["ndcg_change_interval"][1] - row["ndcg_change"]) for row in own]
        panel.errorbar(x, y, yerr=[low, high], marker="o", color="#2b6a6c", ecolor="#b8cccc")
        for row, at, height in zip(own, x, y, strict=True):
            panel.annotate(f"{row[setting]:g}", (at, height), (3, 5), textcoords="offset points")
        panel.axhline(-2, color="#b4552d", linewidth=1, linestyle="--")
        panel.set_xlabel(f"change of {title} (%)")
        panel.set_title(f"`{setting}` alone", fontsize=10)
    panels[0].set_ylabel("change of NDCG@10 (%)")
    figure.tight_layout()
    figure.savefig(path, format="svg", metadata={"Date": None})
    plt.close(figure)
