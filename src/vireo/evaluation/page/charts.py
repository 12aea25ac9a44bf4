"""The drawings of one report: figures, differences, trade-offs, slices, curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from vireo.evaluation.bootstrap import Estimate
from vireo.evaluation.page.drawing import COLOURS, Mark, curve, dots, lines, scatter
from vireo.evaluation.page.labels import GROUPS, METRICS

if TYPE_CHECKING:
    from vireo.evaluation.report import Report, Slice

SHOWN = ("ndcg", "hit_rate")
"""Metrics that are drawn; the tables have all."""
AGAINST = (
    ("coverage", "coverage of the catalogue"),
    ("diversity", "diversity within a list"),
    ("novelty", "novelty, bits"),
)
FUSED = "fused"
KNOWN = ("known_0_", "known_1_", "known_3_", "known_5_", "taste_")
KNOWN_NAMES = ("nothing", "1 event", "3 events", "5 events", "a sentence")


def figure(title: str, about: str, drawing: str) -> str:
    return (
        f"<figure><figcaption><b>{escape(title)}</b>{escape(about)}</figcaption>{drawing}</figure>"
    )


def figures(report: Report) -> Iterator[str]:
    """Every figure that this report can fill, as HTML."""
    k = report.first.partition("@")[2]
    yield from _means(report, k)
    yield from _differences(report)
    yield from _trade_offs(report, k)
    yield from _groups(report, k)
    yield from _slices(report, k)


def _colours(report: Report) -> dict[str, int]:
    """The fused list has the first colour wherever it stands; the others follow."""
    others = [name for name in report.systems if name != FUSED]
    colours = {name: 1 + at % (COLOURS - 1) for at, name in enumerate(others)}
    return {**colours, FUSED: 0}


def _marks(report: Report, metric: str) -> list[Mark]:
    colours = _colours(report)
    return [
        Mark(name, colours[name], own[metric])
        for name, own in report.systems.items()
        if metric in own
    ]


def _means(report: Report, k: str) -> Iterator[str]:
    for name in SHOWN:
        metric = f"{name}@{k}"
        title = f"{metric}, with 95% intervals"
        yield figure(title, METRICS[name], dots(title, _marks(report, metric)))


def _differences(report: Report) -> Iterator[str]:
    """The best system (`fused` where it was measured) against every other one."""
    names = list(report.systems)
    if len(names) < 2 or not report.values:
        return
    metric = report.first
    best = max(names, key=lambda name: report.systems[name][metric].mean)
    one = FUSED if FUSED in names else best
    colours = _colours(report)
    marks = []
    for other in names:
        if other != one:
            found = report.against(other, one, metric)
            estimate = Estimate(found.difference, found.low, found.high)
            marks.append(Mark(f"against {other}", colours[other], estimate))
    title = f"{one} against the others, {metric}"
    about = "Paired differences. An interval that spans zero shows no difference."
    yield figure(title, about, dots(title, marks, signed=True))


def _trade_offs(report: Report, k: str) -> Iterator[str]:
    colours = _colours(report)
    drawn = 0
    for name, words in AGAINST:
        metric = f"{name}@{k}"
        marks = [
            Mark(system, colours[system], own[report.first], own[metric].mean)
            for system, own in report.systems.items()
            if metric in own
        ]
        if len(marks) > 1 and drawn < 2:
            drawn += 1
            title = f"Accuracy against {words.partition(' ')[0].rstrip(',')}"
            drawing = scatter(title, marks, words, report.first)
            yield figure(title, "Up and to the right is better.", drawing)


def _groups(report: Report, k: str) -> Iterator[str]:
    """Warm and cold videos side by side; cold viewers by what is known of them."""
    cold = [name for name in GROUPS if f"{name}ndcg@{k}" in report.metrics]
    if cold:
        title = f"Warm and cold videos, ndcg@{k}"
        about = (
            "Mixed, warm and cold count hits in the same lists; within: lists of that kind only."
        )
        labels = [name.strip("_").replace("_", " ") for name in cold]
        yield figure(title, about, _by_prefix(report, k, title, cold, labels, joined=False))
    known = [name for name in KNOWN if f"{name}ndcg@{k}" in report.metrics]
    if known:
        title = f"New viewers, by what is known of them, ndcg@{k}"
        about = "The same wanted videos in every column."
        labels = [KNOWN_NAMES[KNOWN.index(name)] for name in known]
        yield figure(title, about, _by_prefix(report, k, title, known, labels, joined=True))


def _by_prefix(
    report: Report,
    k: str,
    title: str,
    prefixes: Sequence[str],
    labels: Sequence[str],
    joined: bool,
) -> str:
    colours = _colours(report)
    series = {
        name: (colours[name], [own.get(f"{prefix}ndcg@{k}") for prefix in prefixes])
        for name, own in report.systems.items()
    }
    return lines(title, series, labels, f"ndcg@{k}", joined) + _key(series)


def _slices(report: Report, k: str) -> Iterator[str]:
    named = {
        "item_popularity": ("ndcg by popularity of the wanted video", "Viewers before; each third "
                            "holds a third of all viewings."),
        "history_length": ("ndcg by length of history", "Events known of the viewer."),
    }  # fmt: skip
    for name, (title, about) in named.items():
        slices = report.slices.get(name, ())
        if len(slices) > 1:
            series = _sliced(report, slices, f"ndcg@{k}")
            labels = [part.label for part in slices]
            counts = ", ".join(f"{part.label.partition(' (')[0]}: {part.users}" for part in slices)
            drawing = lines(title, series, labels, f"ndcg@{k}") + _key(series)
            yield figure(title, f"{about} Viewers in each: {counts}.", drawing)


def _sliced(
    report: Report, slices: Sequence[Slice], metric: str
) -> dict[str, tuple[int, list[Estimate | None]]]:
    colours = _colours(report)
    return {
        name: (colours[name], [part.systems.get(name, {}).get(metric) for part in slices])
        for name in report.systems
    }


def _key(series: Mapping[str, tuple[int, Sequence[Estimate | None]]]) -> str:
    entries = (
        f'<span><i class="c{colour % COLOURS}"></i>{escape(name)}</span>'
        for name, (colour, _) in series.items()
    )
    return f'<div class="key">{"".join(entries)}</div>'


def learning(report: Report) -> Iterator[str]:
    """One drawing per figure of each curve: loss and gain have different scales."""
    for name, points in report.curves.items():
        clock = "epoch" if "epoch" in points[0] else "step"
        for measure in [key for key in points[0] if key not in ("epoch", "step", "seconds")]:
            own = [(p[clock], p[measure]) for p in points if measure in p and clock in p]
            if len(own) > 1:
                title = f"{name}: {measure}"
                yield figure(title, f"By {clock}.", curve(title, {measure: own}, clock))
