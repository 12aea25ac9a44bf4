"""The curve of accuracy against diversity and calibration, as an SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vireo.evaluation.page.figures import PALETTE, panels, styled, svg


@styled
def draw(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Two panels: what each setting costs in NDCG@10, against what it brings."""
    figure, axes = panels(260, 650, 2)
    shown = (
        ("diversity", "ild_change", "intra-list diversity"),
        ("calibration", "js_change", "Jensen-Shannon divergence"),
    )
    for panel, (setting, gain, title) in zip(axes, shown, strict=True):
        other = "calibration" if setting == "diversity" else "diversity"
        own = [row for row in rows if not row[other]]
        x = [100 * row[gain] for row in own]
        y = [100 * row["ndcg_change"] for row in own]
        low = [100 * (row["ndcg_change"] - row["ndcg_change_interval"][0]) for row in own]
        high = [100 * (row["ndcg_change_interval"][1] - row["ndcg_change"]) for row in own]
        panel.errorbar(x, y, yerr=[low, high], marker="o", color=PALETTE[1], ecolor="#b8cccc")
        for row, at, height in zip(own, x, y, strict=True):
            panel.annotate(
                f"{row[setting]:g}", (at, height), (4, 5), textcoords="offset points", size=9
            )
        panel.axhline(-2, color=PALETTE[0], linewidth=1, linestyle="--")
        panel.set(xlabel=f"change of {title} (%)", title=f"`{setting}` alone")
    axes[0].set_ylabel("change of NDCG@10 (%)")
    path.write_text(svg(figure), encoding="utf-8")
