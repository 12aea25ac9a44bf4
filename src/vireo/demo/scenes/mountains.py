"""Mountains: rows of ridges with snow on the highest, seen through falling flakes."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Doubles, Floats
from vireo.demo.canvas import HEIGHT, WIDTH, Canvas, mix, ragged
from vireo.demo.scenes.base import Draw, pick, wave

LIGHTS = [("#b9c4dc", "#eef1f7"), ("#c7bfdc", "#f4e9ee"), ("#9fb1cf", "#e6edf5")]
LONG = 3 * WIDTH


def mountains(rng: np.random.Generator) -> Draw:
    top, low = pick(rng, LIGHTS)
    ridges = [ragged(rng, LONG, cells) for cells in (6, 8, 11, 15)]
    jags = ragged(rng, LONG, 90) * 5
    tints = [mix("#aab4cb", "#20293c", share) for share in (0.25, 0.45, 0.72, 1.0)]
    pan = float(rng.uniform(6, 14)) * pick(rng, [-1, 1])
    flakes = rng.uniform([0, 0, 0.8], [WIDTH, HEIGHT, 2.3], (int(rng.integers(30, 110)), 3))
    sun_x = float(rng.uniform(30, 226))
    firs = rng.uniform(0, LONG, 40)

    def slope(row: int, t: float) -> tuple[Floats, int]:
        shift = int(WIDTH + pan * t * (0.35 + 0.45 * row))
        tall = (40, 26, 17, 9)[row]
        base = (62, 84, 106, 128)[row]
        return base - tall * ridges[row][shift : shift + WIDTH], shift

    def draw(canvas: Canvas, t: float) -> None:
        canvas.gradient(top, low)
        canvas.glow(sun_x, 26, 24, "#fff6e0", 0.3)
        for row in range(4):
            line, shift = slope(row, t)
            if row < 2:
                canvas.below(line, "#fbfdff")
                line = line + (17 - 6 * row) + jags[shift : shift + WIDTH]
            canvas.below(line, tints[row])
            canvas.below(line + 26, low, 0.16)
            if row == 3:
                _forest(canvas, firs - shift, line)
        for n, (x, y, size) in enumerate(flakes.tolist()):
            drift = 9 * wave(t, 4.0, n * 0.13)
            canvas.disc((x + drift) % WIDTH, (y + 20 * size * t) % HEIGHT, size, "#ffffff", 0.9)

    return draw


def _forest(canvas: Canvas, places: Doubles, line: Floats) -> None:
    for x in places.tolist():
        if 4 < x < WIDTH - 4:
            y, size = float(line[int(x)]), 9 + (x * 7919) % 1 * 5
            for level in range(3):
                half, tip = size * (0.28 + 0.1 * level), y - size + level * size * 0.3
                low = tip + size * 0.5
                canvas.polygon([(x - half, low), (x, tip), (x + half, low)], "#16202f")
