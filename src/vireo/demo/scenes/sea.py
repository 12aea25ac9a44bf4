"""The sea: rows of waves under a low sun, and a small sail."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Floats
from vireo.demo.canvas import HEIGHT, WIDTH, XS, Canvas, mix
from vireo.demo.scenes.base import Draw, pick, wave

SKIES = [("#f7c59f", "#fdeecf", "#fff1c1"), ("#7cc4e8", "#d9f0f7", "#fffbe0")]
SKIES += [("#5a86b8", "#f2b6a0", "#ffd9a8"), ("#9fb8c9", "#dfe8ec", "#ffffff")]


def sea(rng: np.random.Generator) -> Draw:
    top, low, sun = pick(rng, SKIES)
    horizon = float(rng.uniform(48, 66))
    sun_x, sail_x = rng.uniform(40, WIDTH - 40), rng.uniform(60, WIDTH - 60)
    swell = rng.uniform(3.0, 7.0)
    sizes, phases = rng.uniform(38, 80, 6), rng.uniform(0, 6.3, 6)
    direction = pick(rng, [-1.0, 1.0])
    gulls = rng.uniform([10, 8, 0], [WIDTH, 34, 1], (4, 3))

    def crest(row: int, t: float) -> Floats:
        speed = direction * (0.7 + 0.25 * row)
        x = XS[0] * (6.28 / sizes[row]) + phases[row] + speed * t
        height = swell * (0.35 + 0.2 * row)
        base = horizon + 3 + (HEIGHT - horizon) * (row / 6) ** 1.25
        curve: Floats = base - height * (np.sin(x) + 0.4 * np.sin(2.1 * x + 1.3 * t))
        return curve

    def draw(canvas: Canvas, t: float) -> None:
        canvas.gradient(top, low, 0, horizon)
        canvas.glow(sun_x, horizon - 12, 26, sun, 0.45)
        canvas.disc(sun_x, horizon - 12, 9, sun)
        canvas.gradient("#6fc3cf", "#0a3f66", horizon, HEIGHT)
        for row in range(6):
            curve = crest(row, t)
            canvas.below(curve - 1.4, "#e8fbfb", 0.30 + 0.08 * row)
            canvas.below(curve, mix("#4fb3c4", "#07395f", row / 5))
            if row == 2:
                _sail(canvas, sail_x + 5 * direction * t, curve, wave(t, 3.1))
        _glitter(canvas, sun_x, horizon, t)
        for x, y, phase in gulls.tolist():
            _gull(canvas, (x + 9 * t) % WIDTH, y + 3 * wave(t, 4, phase), wave(t, 0.9, phase))

    return draw


def _sail(canvas: Canvas, x: float, curve: Floats, lean: float) -> None:
    x = float(np.clip(x, 12, WIDTH - 12))
    y, tip = float(curve[int(x)]), x + 4 * lean
    canvas.polygon([(x - 13, y - 3), (x + 15, y - 3), (x + 9, y + 4), (x - 9, y + 4)], "#7a3b24")
    canvas.line((x, y - 3), (tip, y - 36), 1.4, "#4b2a1a")
    canvas.polygon([(x + 1, y - 6), (tip + 1, y - 35), (x + 17, y - 7)], "#fffaf0")
    canvas.polygon([(x - 1, y - 6), (tip - 1, y - 31), (x - 12, y - 7)], "#e4572e")


def _glitter(canvas: Canvas, x: float, horizon: float, t: float) -> None:
    for n in range(9):
        y = horizon + 4 + n * 7
        canvas.ellipse(x + 6 * wave(t, 1.7, n * 0.37), y, 5 + n, 0.9, "#fff6d8", 0.45 - 0.03 * n)


def _gull(canvas: Canvas, x: float, y: float, flap: float) -> None:
    for side in (-1, 1):
        canvas.line((x, y), (x + side * 6, y - 2.5 - 2 * flap), 1.3, "#3a4a57")
