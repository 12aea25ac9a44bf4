"""Drawings as inline SVG: dots with intervals, scatter, lines. Colours come from the page's CSS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from vireo.evaluation.bootstrap import Estimate
from vireo.evaluation.page.scale import Scale, number

WIDTH = 460
"""Of every drawing, in its own units; the page scales it."""
COLOURS = 8
"""Classes c0 to c7; more series start again."""


@dataclass(frozen=True)
class Mark:
    """Something with a name, a colour and a place."""

    label: str
    colour: int
    value: Estimate
    across: float = 0.0
    """For scatter: the other coordinate."""


def svg(height: float, title: str, body: Sequence[str]) -> str:
    """One drawing; the title is read aloud."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}">'
        f"{''.join(body)}</svg>"
    )


def text(x: float, y: float, words: str, anchor: str = "start", kind: str = "t") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">'
        f"{escape(words)}</text>"
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def dot(x: float, y: float, colour: int, about: str, radius: float = 4.5) -> str:
    """A filled circle whose exact figure shows on pointing at it."""
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" class="f c{colour % COLOURS}">'
        f"<title>{escape(about)}</title></circle>"
    )


def bounds(value: Estimate) -> tuple[float, float]:
    """The interval, or the mean twice."""
    low = value.mean if value.low is None else value.low
    high = value.mean if value.high is None else value.high
    return low, high


def dots(title: str, marks: Sequence[Mark], zero: bool = True, signed: bool = False) -> str:
    """One row per mark: its name, its interval as a bar, its mean as a dot, its figure."""
    left, right, top, row = 128, WIDTH - 66, 8, 24
    bottom = top + row * len(marks)
    ends = [end for mark in marks for end in bounds(mark.value)]
    scale = Scale.of(ends, left, right, zero)
    body = []
    for tick in scale.ticks(4):
        kind = "zero" if tick == 0 and signed else "grid"
        body += [line(scale(tick), top, scale(tick), bottom, kind)]
        body += [text(scale(tick), bottom + 15, number(tick), "middle", "a")]
    for at, mark in enumerate(marks):
        y = top + row * (at + 0.5)
        low, high = bounds(mark.value)
        colour = f"i c{mark.colour % COLOURS}"
        figure = f"{mark.value.mean:+.4f}" if signed else f"{mark.value.mean:.4f}"
        body += [
            text(left - 10, y + 4, short(mark.label), "end"),
            line(scale(low), y, scale(high), y, colour),
            dot(scale(mark.value.mean), y, mark.colour, f"{mark.label}: {mark.value}"),
            text(WIDTH - 2, y + 4, figure, "end", "n"),
        ]
    return svg(bottom + 22, title, body)


def scatter(title: str, marks: Sequence[Mark], x_name: str, y_name: str) -> str:
    """Names stand beside their dots, moved apart where they would meet."""
    left, right, top, bottom = 52, WIDTH - 16, 14, 226
    xs = Scale.of([mark.across for mark in marks], left + 8, right - 8)
    ys = Scale.of([mark.value.mean for mark in marks], bottom - 8, top + 8)
    body = _frame(xs, ys, (left, right, top, bottom), x_name, y_name)
    places = [(xs(mark.across), ys(mark.value.mean)) for mark in marks]
    taken = [(x - 7, x + 7, y) for x, y in places]
    for mark in sorted(marks, key=lambda mark: -mark.value.mean):
        x, y = xs(mark.across), ys(mark.value.mean)
        label = short(mark.label)
        wide = 6.6 * len(label)
        to_left = x + 9 + wide > right
        begin = x - 9 - wide if to_left else x + 9
        level = _free(begin, begin + wide, y, taken)
        taken.append((begin, begin + wide, level))
        about = f"{mark.label}: {y_name} {mark.value.mean:.4f}, {x_name} {mark.across:.4f}"
        body.append(dot(x, y, mark.colour, about, 5.5))
        body.append(
            text(x - 9 if to_left else x + 9, level + 4, label, "end" if to_left else "start")
        )
    return svg(bottom + 36, title, body)


def lines(
    title: str,
    series: Mapping[str, tuple[int, Sequence[Estimate | None]]],
    labels: Sequence[str],
    y_name: str,
    joined: bool = True,
) -> str:
    """Named series over named classes, with intervals; `joined` where the classes have an order."""
    left, right, top, bottom = 52, WIDTH - 16, 14, 206
    known = [value for _, values in series.values() for value in values if value is not None]
    ys = Scale.of([end for value in known for end in bounds(value)], bottom, top, zero=True)
    step = (right - left) / max(len(labels), 1)
    body = [line(left, ys(tick), right, ys(tick), "grid") for tick in ys.ticks(4)]
    body += [text(left - 6, ys(tick) + 4, number(tick), "end", "a") for tick in ys.ticks(4)]
    body += [text(left, top - 3, y_name, "start", "a")]
    for at, label in enumerate(labels):
        name, _, rest = label.partition(" (")
        middle = left + step * (at + 0.5)
        body.append(text(middle, bottom + 16, name, "middle", "a"))
        if rest:
            body.append(text(middle, bottom + 30, f"({rest}", "middle", "a"))
    for number_of, (name, (colour, values)) in enumerate(series.items()):
        shift = step * 0.5 * ((number_of + 0.5) / len(series) - 0.5)
        places = [left + step * (at + 0.5) + shift for at in range(len(values))]
        body += _path(name, colour, list(zip(places, values, strict=True)), ys, joined)
    return svg(bottom + 38, title, body)


def curve(title: str, series: Mapping[str, Sequence[tuple[float, float]]], x_name: str) -> str:
    """Figures over steps, each series with its name at its end."""
    left, right, top, bottom = 52, WIDTH - 96, 14, 206
    points = [point for own in series.values() for point in own]
    xs = Scale.of([x for x, _ in points], left, right)
    ys = Scale.of([y for _, y in points], bottom, top)
    body = _frame(xs, ys, (left, right, top, bottom), x_name, "")
    taken: list[tuple[float, float, float]] = []
    for at, (name, own) in enumerate(series.items()):
        path = " ".join(f"{xs(x):.1f},{ys(y):.1f}" for x, y in own)
        body.append(f'<polyline points="{path}" class="l c{at % COLOURS}"/>')
        end = _free(right, WIDTH, ys(own[-1][1]), taken)
        taken.append((right, WIDTH, end))
        body.append(text(right + 6, end + 4, short(name), "start", f"t s c{at % COLOURS}"))
    return svg(bottom + 36, title, body)


def _path(
    name: str,
    colour: int,
    values: Sequence[tuple[float, Estimate | None]],
    ys: Scale,
    joined: bool,
) -> list[str]:
    found = [(x, value) for x, value in values if value is not None]
    body = []
    if joined:
        points = " ".join(f"{x:.1f},{ys(value.mean):.1f}" for x, value in found)
        body.append(f'<polyline points="{points}" class="l faint c{colour % COLOURS}"/>')
    for x, value in found:
        low, high = bounds(value)
        body.append(line(x, ys(low), x, ys(high), f"i thin c{colour % COLOURS}"))
        body.append(dot(x, ys(value.mean), colour, f"{name}: {value}", 3.5))
    return body


def _frame(
    xs: Scale, ys: Scale, box: tuple[float, float, float, float], x_name: str, y_name: str
) -> list[str]:
    left, right, top, bottom = box
    body = [line(left, ys(tick), right, ys(tick), "grid") for tick in ys.ticks(4)]
    body += [text(left - 6, ys(tick) + 4, number(tick), "end", "a") for tick in ys.ticks(4)]
    body += [line(xs(tick), top, xs(tick), bottom, "grid") for tick in xs.ticks(5)]
    body += [text(xs(tick), bottom + 16, number(tick), "middle", "a") for tick in xs.ticks(5)]
    body.append(text((left + right) / 2, bottom + 32, x_name, "middle", "a"))
    return [*body, text(left, top - 3, y_name, "start", "a")]


def _free(begin: float, end: float, y: float, taken: Sequence[tuple[float, float, float]]) -> float:
    """The height nearest below y at which a label meets no other."""
    while any(b < end and begin < e and abs(level - y) < 13 for b, e, level in taken):
        y += 3
    return y


def short(label: str) -> str:
    return label if len(label) <= 19 else label[:18] + "…"
