"""Football: two teams and a bouncing ball on a striped pitch."""

from __future__ import annotations

import numpy as np

from vireo.demo.canvas import HEIGHT, WIDTH, XS, Canvas, soft
from vireo.demo.scenes.base import Draw, pick, wave

KITS = [("#e63946", "#f1faee"), ("#ffd60a", "#1d3557"), ("#4361ee", "#f77f00")]


def football(rng: np.random.Generator) -> Draw:
    kits = pick(rng, KITS)
    width, offset = rng.uniform(30, 44), rng.uniform(-60, 60)
    players = rng.uniform([8, 36, 2.5, 0], [WIDTH - 8, 122, 6, 1], (10, 4))
    reach = rng.uniform(8, 30, 10)
    bounce, run = rng.uniform(0.8, 1.3), rng.uniform(3.0, 5.0)
    grain = rng.normal(0, 0.012, (HEIGHT, WIDTH, 1)).astype(np.float32)
    close = bool(rng.random() < 0.4)

    def draw(canvas: Canvas, t: float) -> None:
        canvas.gradient("#2f8f3a", "#237a30")
        slide = 14 * wave(t, 9) + offset
        stripes = soft(np.sin((XS - slide) / width * np.pi) * 12)
        canvas.paint(stripes, "#48ad4c", 0.85)
        canvas.pixels += grain
        _lines(canvas, slide + WIDTH / 2 - offset / 2)
        for n, (x, y, period, phase) in enumerate(players.tolist()):
            at_x = x + reach[n] * wave(t, period, phase)
            at_y = y + reach[n] * 0.5 * wave(t, period * 0.8, phase + 0.3)
            _player(canvas, at_x, at_y, kits[n % 2], wave(t, 0.5, phase))
        lift = abs(np.sin(np.pi * t / bounce))
        x = WIDTH / 2 + 100 * wave(t, run)
        _ball(canvas, x, 104, float(46 * lift), 13 if close else 7.5, t)

    return draw


def _lines(canvas: Canvas, centre: float) -> None:
    white = "#eef7ee"
    canvas.box(centre - 1, 0, centre + 1, HEIGHT, white, 0.9)
    canvas.ellipse(centre, 72, 38, 32, white, 0.9, ring=2)
    canvas.disc(centre, 72, 2.5, white)
    canvas.box(-4, 5, WIDTH + 4, 7, white, 0.9)
    canvas.box(-4, 137, WIDTH + 4, 139, white, 0.9)
    for side in (-1, 1):
        edge = centre + side * 122
        for y in (40, 104):
            canvas.box(min(edge, edge + side * 40), y, max(edge, edge + side * 40), y + 2, white)
        canvas.box(edge - 1, 40, edge + 1, 106, white)


def _player(canvas: Canvas, x: float, y: float, kit: str, step: float) -> None:
    canvas.ellipse(x + 3, y + 9, 7, 2.5, "#0d3b16", 0.5)
    for side in (-1, 1):
        canvas.line((x, y + 2), (x + side * 3 * step, y + 9), 2.4, "#222222")
    canvas.ellipse(x, y - 2, 4.2, 5.6, kit)
    canvas.disc(x, y - 10, 3.1, "#e8b98f")


def _ball(canvas: Canvas, x: float, floor: float, lift: float, size: float, t: float) -> None:
    canvas.ellipse(x, floor + size, size * 1.2, 2.6, "#0d3b16", 0.55 - 0.006 * lift)
    y = floor - lift
    canvas.disc(x, y, size + 0.8, "#3b3b3b")
    canvas.disc(x, y, size, "#ffffff")
    for n in range(5):
        angle = n * 1.2566 + 3 * t
        spot_x, spot_y = x + size * 0.72 * np.cos(angle), y + size * 0.72 * np.sin(angle)
        canvas.disc(spot_x, spot_y, size * 0.22, "#222222")
    canvas.disc(x, y, size * 0.3, "#222222")
