"""Cooking: a pan seen from above, vegetables sizzling in it, a spoon that stirs, steam."""

from __future__ import annotations

import numpy as np

from vireo.demo.canvas import HEIGHT, WIDTH, YS, Canvas, clouds
from vireo.demo.scenes.base import Draw, pick, wave

SAUCES = ["#c8401f", "#e0912f", "#b5552b", "#d9b04c"]
PIECES = ["#e4322b", "#6fae3a", "#f4d35e", "#f28e2b", "#f7efe0", "#8c4a2f"]


def cooking(rng: np.random.Generator) -> Draw:
    wood = np.sin(YS / rng.uniform(5, 8) + 3 * clouds(rng, 5)) * 0.5 + 0.5
    x, y, size = rng.uniform(104, 150), rng.uniform(68, 76), rng.uniform(48, 56)
    sauce = pick(rng, SAUCES)
    count = int(rng.integers(16, 28))
    pieces = np.stack(
        [rng.uniform(0, 6.28, count), rng.uniform(0.1, 0.78, count), rng.uniform(3.5, 8, count)], 1
    )
    colors = rng.integers(0, len(PIECES), count)
    pace, handle = float(rng.uniform(0.5, 0.9)), float(rng.uniform(-0.5, 0.5))
    bubbles, steam = rng.uniform(0, 1, (30, 3)), rng.uniform(0, 1, (12, 3))
    board = pick(rng, [(18, 30), (206, 36), (210, 98)])

    table = Canvas()
    table.gradient("#c98b52", "#a9673a")
    table.paint(wood.astype(np.float32), "#8f5630", 0.45)
    _side_dish(table, *board)
    table.line((x, y), _at(x, y, handle, 150), 13, "#2a2422")
    table.disc(x + 3, y + 5, size + 5, "#5a3418", 0.6)
    for smaller, color in ((-4, "#1d1a19"), (0, "#3a3532"), (5, sauce)):
        table.disc(x, y, size - smaller, color)

    def draw(canvas: Canvas, t: float) -> None:
        canvas.copy_from(table)
        for angle, away, phase in bubbles.tolist():
            swell = abs(wave(t, 0.9, phase))
            spot = 6.28 * angle, away * (size - 9)
            canvas.ellipse(*_at(x, y, *spot), 2.6 * swell, 2.6 * swell, "#ffd9a0", 0.7, ring=1.0)
        for n, (angle, away, big) in enumerate(pieces.tolist()):
            turn = angle + pace * t * (1.15 - away)
            spot = _at(x, y, turn, away * (size - 6))
            canvas.ellipse(*spot, big, big * 0.68, PIECES[colors[n]], turn=turn * 2)
            canvas.ellipse(spot[0] - 1, spot[1] - 1, big * 0.4, big * 0.2, "#ffffff", 0.35)
        _spoon(canvas, _at(x, y, 2.2 * pace * t, size * 0.5))
        for sx, lift, phase in steam.tolist():
            age = (t / 2.5 + phase) % 1.0
            drift = x + (sx - 0.5) * size * 1.5 + 9 * wave(t, 2.1, phase)
            canvas.disc(
                drift, y - 70 * age * (0.4 + lift), 8 + 12 * age, "#fff8ee", 0.16 * (1 - age)
            )

    return draw


def _at(x: float, y: float, angle: float, away: float) -> tuple[float, float]:
    return x + away * float(np.cos(angle)), y + away * float(np.sin(angle))


def _spoon(canvas: Canvas, bowl: tuple[float, float]) -> None:
    canvas.line(bowl, (WIDTH * 0.82, HEIGHT + 20), 5.5, "#e0b27a")
    canvas.ellipse(*bowl, 8, 11, "#e0b27a", turn=0.6)
    canvas.ellipse(*bowl, 5, 8, "#b98a52", turn=0.6)


def _side_dish(canvas: Canvas, x: float, y: float) -> None:
    canvas.disc(x + 2, y + 3, 24, "#5a3418", 0.5)
    canvas.disc(x, y, 23, "#f6f1e7")
    canvas.disc(x, y, 17, "#fffdf8")
    for n in range(6):
        spot = _at(x, y, n * 1.05, 9)
        canvas.ellipse(*spot, 6, 3.2, "#3f8f3a" if n % 2 else "#e4322b", turn=n)
