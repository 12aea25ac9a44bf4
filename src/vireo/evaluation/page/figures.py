"""Plots with matplotlib: estimates with intervals, trade-offs, classes, curves; SVG text."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from html import escape
from io import StringIO
from itertools import cycle
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vireo.evaluation.bootstrap import Estimate

INK, SOFT, RULE, CARD = "#1d2327", "#667078", "#e3e4df", "#ffffff"
PALETTE = (
    *("#c2492b", "#2a7d8c", "#8a6d1f", "#5b55a6"),
    *("#3c8248", "#a3437f", "#4a6fb3", "#7a756c"),
)
_VARIABLES = {INK: "ink", SOFT: "soft", RULE: "rule", CARD: "card"} | {
    color: f"c{at}" for at, color in enumerate(PALETTE)
}
"""CSS variables that stand for the colors in a page with a light and a dark theme."""
MARKERS = "osD^v"
WIDTH, LENGTH = 460, 19
"""Points, of a figure with one panel; characters of a name that fit beside it."""
_TITLE = "title:"
"""Marks the group of a point; what follows is its text on hover."""
STYLE: dict[Any, Any] = {
    **{f"axes.spines.{side}": False for side in ("bottom", "left", "right", "top")},
    **{f"{part}.color": SOFT for part in ("xtick", "ytick")},
    **{f"{part}.{size}.size": 0 for part in ("xtick", "ytick") for size in ("major", "minor")},
    **{f"{part}size": 11 for part in ("axes.label", "axes.title", "xtick.label", "ytick.label")},
    "axes.labelcolor": SOFT,
    "axes.titlecolor": SOFT,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "grid.color": RULE,
    "text.color": INK,
    "legend.frameon": False,
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 12,
    "svg.fonttype": "none",
    "text.parse_math": False,
}
styled = rc_context(STYLE)
"""Decorator of functions that draw; other code keeps its own style."""
Looks = Mapping[str, tuple[str, str]]
"""System -> color and marker."""


def looks(names: Sequence[str], first: str) -> dict[str, tuple[str, str]]:
    """Colors and markers; `first` has the first color wherever it stands."""
    others = (name for name in names if name != first)
    pairs = cycle((color, marker) for marker in MARKERS for color in PALETTE[1:])
    return {**dict(zip(others, pairs, strict=False)), first: (PALETTE[0], MARKERS[0])}


def panels(
    height: float, width: float = WIDTH, columns: int = 1, sharey: bool = True
) -> tuple[Figure, list[Axes]]:
    """A figure with `columns` axes side by side; sizes in points."""
    figure = Figure(figsize=(width / 72, height / 72), dpi=72, layout="constrained")
    axes = figure.subplots(1, columns, sharey=sharey, squeeze=False)[0]
    for one in axes:
        one.set_facecolor("none")
    return figure, list(axes)


def svg(
    figure: Figure, salt: str = "vireo", description: str | None = None, background: str = CARD
) -> str:
    """A standalone SVG; equal figures give equal text. `salt` enters the ids."""
    text = StringIO()
    about = {"Date": None, "Creator": None, "Format": None, "Type": None}
    with rc_context({**STYLE, "svg.hashsalt": salt}), warnings.catch_warnings():
        # the reader's font writes the text; matplotlib's own font only measures it
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        metadata = about | {"Description": description}
        figure.savefig(text, format="svg", metadata=metadata, facecolor=background)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def inline_svg(figure: Figure, title: str) -> str:
    """An SVG element for a page whose CSS names the colors; points have titles.

    `title` names the element for screen readers and makes its ids unique on the page.
    """
    text = svg(figure, title, background="none")
    text = text[text.index("<svg") :]
    text = re.sub(rf'<g id="{_TITLE}([^"]*)">', r"<g><title>\1</title>", text)
    used = set(re.findall(r'["(]#([^")]+)[")]', text))
    text = re.sub(r'(<\w+) id="([^"]*)"', lambda tag: tag[0] if tag[2] in used else tag[1], text)
    text = re.sub(r"(?<=: )#[0-9a-f]{6}", lambda found: _variable(found[0]), text)
    return text.replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1)


def _variable(color: str) -> str:
    return f"var(--{_VARIABLES[color]})" if color in _VARIABLES else color


def short(label: str, length: int = LENGTH) -> str:
    return label if len(label) <= length else label[: length - 1] + "…"


@styled
def interval_plot(
    columns: Mapping[str, Mapping[str, Estimate]],
    looks: Looks,
    number: str = "{:.4f}",
    width: float = WIDTH,
    length: int = LENGTH,
) -> Figure:
    """A panel per title, a row per system: interval, mean, and the mean as a number."""
    rows = list(next(iter(columns.values())))
    figure, axes_of = panels(34 + 24 * len(rows), width, len(columns))
    for axes, (title, estimates) in zip(axes_of, columns.items(), strict=True):
        axes.axvline(0, color=SOFT, linewidth=1, linestyle=(0, (3, 3))).sticky_edges.x.append(0)
        for row, name in enumerate(rows):
            mean, ends = estimates[name].mean, _ends(estimates[name])
            _mark(axes, (mean, row), (ends, (row, row)), looks[name], f"{name}: {estimates[name]}")
            place = axes.get_yaxis_transform()
            axes.text(1.02, row, number.format(mean), transform=place, va="center", size=11)
        axes.set_yticks(range(len(rows)), [short(name, length) for name in rows], color=INK)
        axes.set(title=title, ylim=(len(rows) - 0.5, -0.5))
        axes.grid(visible=False, axis="y")
        axes.locator_params(axis="x", nbins=4)
    return figure


@styled
def trade_off_plot(
    points: Mapping[str, tuple[float, float]], looks: Looks, x_label: str, y_label: str
) -> Figure:
    """A point (x, y) per system."""
    figure, (axes,) = panels(236 + _legend_height(points))
    for name, (x, y) in points.items():
        about = f"{name}: {y_label} {y:.4f}, {x_label} {x:.4f}"
        _mark(axes, (x, y), ((), ()), looks[name], about)
    axes.margins(0.08)
    axes.locator_params(nbins=5)
    axes.set(xlabel=x_label, title=y_label)
    _legend(figure, points, looks)
    return figure


@styled
def class_plot(
    series: Mapping[str, Sequence[Estimate | None]],
    looks: Looks,
    labels: Sequence[str],
    y_label: str,
    joined: bool = True,
) -> Figure:
    """Systems over labelled classes, with intervals; `joined` where classes have an order."""
    figure, (axes,) = panels(236 + _legend_height(series))
    axes.axhline(0, color=RULE, linewidth=1).sticky_edges.y.append(0)
    for at, (name, values) in enumerate(series.items()):
        shift = 0.5 * ((at + 0.5) / len(series) - 0.5)
        known = {x + shift: value for x, value in enumerate(values) if value is not None}
        if joined:
            means = [value.mean for value in known.values()]
            axes.plot(list(known), means, color=looks[name][0], linewidth=1.5, alpha=0.55)
        for x, value in known.items():
            bar = ((x, x), _ends(value))
            _mark(axes, (x, value.mean), bar, looks[name], f"{name}: {value}", 6, thickness=2)
    axes.set_xticks(range(len(labels)), [label.replace(" (", "\n(") for label in labels])
    axes.set(title=y_label, xlim=(-0.5, len(labels) - 0.5))
    axes.grid(visible=False, axis="x")
    axes.locator_params(axis="y", nbins=5)
    _legend(figure, series, looks)
    return figure


@styled
def curve_plot(points: Sequence[tuple[float, float]], x_label: str) -> Figure:
    """One figure of a training run by step or epoch."""
    figure, (axes,) = panels(230)
    axes.plot([x for x, _ in points], [y for _, y in points], color=PALETTE[0], linewidth=2)
    axes.locator_params(nbins=5)
    axes.set_xlabel(x_label)
    return figure


def _ends(value: Estimate) -> tuple[float, float]:
    """The interval, or the mean twice."""
    low = value.mean if value.low is None else value.low
    return low, value.mean if value.high is None else value.high


def _mark(
    axes: Axes,
    at: tuple[float, float],
    bar: tuple[Sequence[float], Sequence[float]],
    look: tuple[str, str],
    about: str,
    size: float = 8,
    thickness: float = 5,
) -> None:
    """A bar and a marker; `about` shows on hover."""
    style: dict[str, Any] = {"color": look[0], "clip_on": False}
    axes.plot(*bar, linewidth=thickness, alpha=0.45, solid_capstyle="round", **style)
    point = axes.plot(*at, look[1], markersize=size, markeredgecolor=CARD, zorder=3, **style)
    point[0].set_gid(_TITLE + about)


def _legend_height(names: Collection[str]) -> int:
    return 18 * math.ceil(len(names) / 3)


def _legend(figure: Figure, names: Collection[str], looks: Looks) -> None:
    handles = [
        Line2D([], [], color=color, marker=marker, linestyle="")
        for color, marker in (looks[name] for name in names)
    ]
    labels = [short(name) for name in names]
    figure.legend(handles, labels, loc="outside lower left", ncols=3, handletextpad=0.2)
