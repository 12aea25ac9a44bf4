"""Time and memory of each stage against size, as an SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vireo.evaluation.page.figures import panels, styled, svg

_KINDS = (
    ("processor_seconds", "time_exponent", "processor seconds"),
    ("mb", "memory_exponent", "MB"),
)
"""Of a point, of a row, and what the axis says."""


@styled
def draw(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Time and memory against size, both in logarithms."""
    figure, panel_of = panels(260, 860, 2, sharey=False)
    for axes, (what, grows, label) in zip(panel_of, _KINDS, strict=True):
        for row in rows:
            points = [point for point in row["points"] if point[what] > 0]
            sizes = [point["times"] for point in points]
            power = "-" if row[grows] is None else f"{row[grows]:.2f}"
            name = f"{row['stage']} {power}"
            axes.loglog(sizes, [point[what] for point in points], "o-", label=name)
        axes.set(xlabel="size of the world", ylabel=label)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.legend(title="stage, exponent", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    path.write_text(svg(figure), encoding="utf-8")
