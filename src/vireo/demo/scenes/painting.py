"""Painting: brush strokes appear one by one on a cream sheet, the palette lies beside it."""

from __future__ import annotations

import numpy as np

from vireo.demo.canvas import HEIGHT, WIDTH, Canvas, clouds, mix
from vireo.demo.scenes.base import Draw, pick

PAINTS = [
    ["#2364aa", "#3da5d9", "#fec601", "#ea7317", "#d7263d"],
    ["#5e548e", "#9f86c0", "#e56b6f", "#eaac8b", "#2a9d8f"],
    ["#1b998b", "#2d3047", "#fffd82", "#ff9b71", "#e84855"],
]
DOTS = 26


def painting(rng: np.random.Generator) -> Draw:
    paints = pick(rng, PAINTS)
    strokes = [_stroke(rng) for _ in range(int(rng.integers(11, 16)))]
    colors, widths = rng.integers(0, 5, len(strokes)), rng.uniform(4.5, 9, len(strokes))
    sheet = Canvas()
    sheet.gradient("#f8f1df", "#efe5cc")
    sheet.paint(clouds(rng, 40), "#e2d5b5", 0.35)
    pace = float(rng.uniform(34, 46))
    done = 0

    def dab(dot: int) -> tuple[float, float]:
        x, y = strokes[dot // DOTS][dot % DOTS]
        return float(x), float(y)

    def draw(canvas: Canvas, t: float) -> None:
        nonlocal done  # paint stays on the sheet: only the new dabs are drawn
        until = min(int(110 + pace * t), len(strokes) * DOTS - 1)
        for dot in range(done, until):
            if dot % DOTS:
                n = dot // DOTS
                size = widths[n] * (0.8 + 0.2 * np.sin(dot * 0.5))
                _bristles(sheet, dab(dot - 1), dab(dot), size, paints[colors[n]])
        done = max(done, until)
        canvas.copy_from(sheet)
        _easel(canvas)
        _palette(canvas, paints)
        _brush(canvas, dab(until), paints[colors[until // DOTS]])

    return draw


def _stroke(rng: np.random.Generator) -> np.ndarray:
    """A curved stroke as dabs. (DOTS, 2)"""
    start, end = rng.uniform([22, 18], [186, 126], (2, 2))
    along = np.linspace(0, 1, DOTS)[:, None]
    bend = np.sin(along * np.pi * float(rng.integers(1, 4))) * rng.uniform(-22, 22, (1, 2))
    dots: np.ndarray = np.clip(start + (end - start) * along + bend, [16, 14], [194, 130])
    return dots


def _bristles(
    sheet: Canvas, start: tuple[float, float], end: tuple[float, float], size: float, paint: str
) -> None:
    """A piece of a stroke: its body, and lighter and darker hairs along it."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = max(float(np.hypot(dx, dy)), 0.1)
    sheet.line(start, end, 2 * size, paint, 0.85)
    for share, tone in ((-0.55, "#ffffff"), (-0.2, "#1c1430"), (0.2, "#ffffff"), (0.6, "#1c1430")):
        ox, oy = -dy / length * size * share, dx / length * size * share
        hair = (start[0] + ox, start[1] + oy), (end[0] + ox, end[1] + oy)
        sheet.line(*hair, 1.3, mix(paint, tone, 0.28), 0.7)


def _easel(canvas: Canvas) -> None:
    wood = "#b88a5b"
    canvas.box(0, 0, WIDTH, 7, wood)
    canvas.box(0, 137, WIDTH, HEIGHT, wood)
    canvas.box(0, 0, 8, HEIGHT, wood)
    canvas.box(202, 0, 210, HEIGHT, wood)
    canvas.box(210, 0, WIDTH + 2, HEIGHT + 2, "#e9e2d6")


def _palette(canvas: Canvas, paints: list[str]) -> None:
    canvas.ellipse(236, 76, 20, 58, "#c79a63")
    canvas.ellipse(236, 76, 17.5, 55, "#dcb27c")
    for n, paint in enumerate(paints):
        canvas.ellipse(233 + 3 * (n % 2), 34 + n * 17, 8, 6.4, paint)
        canvas.disc(231 + 3 * (n % 2), 32 + n * 17, 2, mix(paint, "#ffffff", 0.6))
    canvas.disc(238, 120, 5, "#e9e2d6")


def _brush(canvas: Canvas, tip: tuple[float, float], paint: str) -> None:
    x, y = tip
    canvas.line((x + 12, y + 14), (x + 58, y + 68), 5, "#6b3f22")
    canvas.line((x + 8, y + 9), (x + 15, y + 17), 6.5, "#c9ced6")
    canvas.line((x, y), (x + 7, y + 8), 7.5, paint)
