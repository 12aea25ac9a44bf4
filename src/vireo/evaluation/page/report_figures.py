"""Figures of a report: means, differences, trade-offs, groups, slices, learning curves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup
from matplotlib.figure import Figure

from vireo.evaluation.bootstrap import Estimate
from vireo.evaluation.page.figures import (
    class_plot,
    curve_plot,
    inline_svg,
    interval_plot,
    looks,
    trade_off_plot,
)
from vireo.evaluation.page.labels import GROUPS, KNOWN, METRICS, SLICES

if TYPE_CHECKING:
    from vireo.evaluation.report import Report

SHOWN = ("ndcg", "hit_rate")
"""Metrics with a figure of their own; the tables have all."""
AGAINST = {
    "coverage": "coverage of the catalogue",
    "diversity": "diversity within a list",
    "novelty": "novelty, bits",
}
"""Metrics beyond accuracy; the first two that were measured have a figure."""
FUSED = "fused"


class ReportFigure(NamedTuple):
    """One figure of the page."""

    title: str
    caption: str
    svg: Markup
    """From matplotlib, which escapes every text."""


def drawn(title: str, caption: str, figure: Figure) -> ReportFigure:
    return ReportFigure(title, caption, Markup(inline_svg(figure, title)))  # noqa: S704


def figures(report: Report) -> Iterator[ReportFigure]:
    """Every figure that the report has data for."""
    k = report.first.partition("@")[2]
    yield from _means(report, k)
    yield from _differences(report)
    yield from _trade_offs(report, k)
    yield from _groups(report, k)
    yield from _slices(report, k)


def learning_curves(report: Report) -> Iterator[ReportFigure]:
    """One figure per measure of each curve: loss and gain have different scales."""
    for name, points in report.curves.items():
        clock = "epoch" if "epoch" in points[0] else "step"
        for measure in [key for key in points[0] if key not in ("epoch", "step", "seconds")]:
            own = [(p[clock], p[measure]) for p in points if measure in p and clock in p]
            if len(own) > 1:
                yield drawn(f"{name}: {measure}", f"By {clock}.", curve_plot(own, clock))


def _looks(report: Report) -> dict[str, tuple[str, str]]:
    return looks(list(report.systems), first=FUSED)


def _means(report: Report, k: str) -> Iterator[ReportFigure]:
    for name in SHOWN:
        metric = f"{name}@{k}"
        means = {system: own[metric] for system, own in report.systems.items() if metric in own}
        if means:
            figure = interval_plot({"": means}, _looks(report))
            yield drawn(f"{metric}, with 95% intervals", METRICS[name], figure)


def _differences(report: Report) -> Iterator[ReportFigure]:
    """The best system (`fused` where it was measured) against every other one."""
    names = list(report.systems)
    if len(names) < 2 or not report.values:
        return
    metric = report.first
    best = max(names, key=lambda name: report.systems[name][metric].mean)
    one = FUSED if FUSED in names else best
    pairs = {name: report.against(name, one, metric) for name in names if name != one}
    differences = {
        name: Estimate(pair.difference, pair.low, pair.high) for name, pair in pairs.items()
    }
    caption = "Paired differences. An interval that spans zero shows no difference."
    figure = interval_plot({"": differences}, _looks(report), number="{:+.4f}")
    yield drawn(f"{one} against the others, {metric}", caption, figure)


def _trade_offs(report: Report, k: str) -> Iterator[ReportFigure]:
    measured = [name for name in AGAINST if f"{name}@{k}" in report.metrics]
    for name in measured[:2]:
        points = {
            system: (own[f"{name}@{k}"].mean, own[report.first].mean)
            for system, own in report.systems.items()
            if f"{name}@{k}" in own
        }
        if len(points) > 1:
            figure = trade_off_plot(points, _looks(report), AGAINST[name], report.first)
            yield drawn(f"Accuracy against {name}", "Up and to the right is better.", figure)


def _groups(report: Report, k: str) -> Iterator[ReportFigure]:
    """Warm and cold videos side by side; cold users by what is known of them."""
    groups = {
        prefix: prefix.strip("_").replace("_", " ")
        for prefix in GROUPS
        if f"{prefix}ndcg@{k}" in report.metrics
    }
    if groups:
        caption = (
            "Mixed, warm and cold count hits in the same lists; within: lists of that kind only."
        )
        figure = _by_prefix(report, k, groups, joined=False)
        yield drawn(f"Warm and cold videos, ndcg@{k}", caption, figure)
    known = {prefix: KNOWN[prefix] for prefix in KNOWN if f"{prefix}ndcg@{k}" in report.metrics}
    if known:
        figure = _by_prefix(report, k, known, joined=True)
        title = f"Cold users, by what is known of them, ndcg@{k}"
        yield drawn(title, "The targets are equal in every column.", figure)


def _by_prefix(report: Report, k: str, prefixes: dict[str, str], joined: bool) -> Figure:
    series = {
        name: [own.get(f"{prefix}ndcg@{k}") for prefix in prefixes]
        for name, own in report.systems.items()
    }
    return class_plot(series, _looks(report), list(prefixes.values()), f"ndcg@{k}", joined)


def _slices(report: Report, k: str) -> Iterator[ReportFigure]:
    metric = f"ndcg@{k}"
    for name, (title, caption) in SLICES.items():
        slices = report.slices.get(name, ())
        if len(slices) > 1:
            series: dict[str, Sequence[Estimate | None]] = {
                system: [part.systems.get(system, {}).get(metric) for part in slices]
                for system in report.systems
            }
            figure = class_plot(series, _looks(report), [part.label for part in slices], metric)
            counts = ", ".join(f"{part.label.partition(' (')[0]}: {part.users}" for part in slices)
            yield drawn(title, f"{caption} Users in each: {counts}.", figure)
