"""Gardening: flowers grow out of dark soil in front of a hedge, and a butterfly visits them."""

from __future__ import annotations

import numpy as np

from vireo.demo.canvas import HEIGHT, WIDTH, Canvas, clouds, mix
from vireo.demo.scenes.base import Draw, pick, wave

PETALS = [
    ["#ff5d8f", "#ffc2d4", "#ff9ebb"],
    ["#ffd23f", "#ff9f1c", "#fff1a8"],
    ["#c77dff", "#ff7ac6", "#f2d6ff"],
    ["#ff6b6b", "#ffe66d", "#ffffff"],
]


def gardening(rng: np.random.Generator) -> Draw:
    petals = pick(rng, PETALS)
    hedge = np.clip(clouds(rng, 22) * 1.5 - 0.25, 0, 1)
    hedge[:34] *= np.linspace(0, 1, 34, dtype=np.float32)[:, None]
    count = int(rng.integers(6, 10))
    places = (np.arange(count) + rng.uniform(0.25, 0.75, count)) * WIDTH / count
    heights, sizes = rng.uniform(46, 88, count), rng.uniform(8, 14, count)
    starts, phases = rng.uniform(-2.0, 1.2, count), rng.uniform(0, 1, count)
    kinds = rng.integers(0, 3, count)
    soil = 118 + 3 * clouds(rng, 12)[0]

    green = Canvas()
    green.gradient("#cfeefb", "#7fb56a", 0, 60)
    green.gradient("#7fb56a", "#3c7a3a", 60, HEIGHT)
    green.paint(hedge, "#9ccc65", 0.55)

    def draw(canvas: Canvas, t: float) -> None:
        canvas.copy_from(green)
        for n, x in enumerate(places.tolist()):
            grown = float(np.clip(0.35 + 0.24 * (t - starts[n]), 0.1, 1.0))
            head = x + 4 * wave(t, 3.5, phases[n]), 120 - heights[n] * grown
            _plant(canvas, x, head, sizes[n] * grown, petals[kinds[n]], 0.4 * wave(t, 6, phases[n]))
        canvas.below(soil, "#4a2f1b")
        canvas.below(soil + 9, "#38220f")
        _butterfly(canvas, (40 + 30 * t) % WIDTH, 38 + 14 * wave(t, 2.3), abs(wave(t, 0.7)), petals)

    return draw


def _plant(
    canvas: Canvas, x: float, head: tuple[float, float], size: float, color: str, turn: float
) -> None:
    top_x, top_y = head
    canvas.line((x, 122), head, 2.6, "#2c6b2f")
    for side in (-1, 1):
        y = top_y + (122 - top_y) * (0.52 + 0.14 * side)
        canvas.ellipse(x + side * 8, y, 9, 3.6, "#57a639", turn=-0.5 * side)
    for petal in range(8):
        angle = petal * np.pi / 4 + turn
        px, py = top_x + size * np.cos(angle), top_y + size * np.sin(angle)
        canvas.ellipse(px, py, size * 0.72, size * 0.42, color, turn=angle)
    canvas.disc(top_x, top_y, size * 0.55, mix(color, "#6b3e00", 0.7))
    canvas.disc(top_x, top_y, size * 0.35, "#ffcf33")


def _butterfly(canvas: Canvas, x: float, y: float, open_: float, colors: list[str]) -> None:
    for side in (-1, 1):
        canvas.ellipse(x + side * 5 * open_, y - 3, 1 + 6 * open_, 6, colors[0], turn=0.5 * side)
        canvas.ellipse(x + side * 4 * open_, y + 4, 1 + 4 * open_, 4, colors[1], turn=-0.5 * side)
    canvas.line((x, y - 5), (x, y + 6), 1.8, "#2b2118")
