"""Astronomy: stars turn around the pole in front of a nebula, with a ringed planet or a moon."""

from __future__ import annotations

import numpy as np

from vireo.demo.canvas import XS, YS, Canvas, clouds, soft
from vireo.demo.scenes.base import Draw, pick, wave

NEBULAE = [("#5f2c9c", "#1c4fa0"), ("#7a2a8f", "#2c3fb5"), ("#3d2fa8", "#8a2f7f")]
PLANETS = [("#d9a86c", "#a8743e"), ("#c98f6b", "#8a5a44"), ("#b9c0cc", "#7d8696")]


def astronomy(rng: np.random.Generator) -> Draw:
    warm, cold = pick(rng, NEBULAE)
    one, other = (
        np.clip(clouds(rng, 4) * 1.8 - 0.8, 0, 1),
        np.clip(clouds(rng, 5) * 1.8 - 0.8, 0, 1),
    )
    stars = rng.uniform([0, 0, 0.35, 0], [1, 210, 1.15, 1], (150, 4))
    pole_x, pole_y = rng.uniform(60, 200), rng.uniform(20, 120)
    planet = pick(rng, PLANETS)
    at_x, at_y, size = rng.uniform(70, 186), rng.uniform(56, 90), rng.uniform(20, 32)
    ringed, tilt = bool(rng.random() < 0.6), float(rng.uniform(-0.5, 0.5))
    craters = rng.uniform([0, -0.7, 0.08], [1, 0.7, 0.2], (9, 3))
    meteor = float(rng.uniform(0.5, 2.5))

    sky = Canvas()
    sky.gradient("#05061a", "#0d0a2b")
    sky.paint(one, warm, 0.65)
    sky.paint(other, cold, 0.55)

    def draw(canvas: Canvas, t: float) -> None:
        canvas.copy_from(sky)
        for n, (angle, radius, bright, phase) in enumerate(stars.tolist()):
            turn = 6.283 * angle + 0.05 * t
            shine = bright * (0.8 + 0.2 * wave(t, 1.1, phase))
            x, y = pole_x + radius * np.cos(turn), pole_y + radius * np.sin(turn)
            canvas.disc(x, y, 0.5 + bright * 0.7, "#fff4dc" if n % 4 else "#bcd4ff", shine)
        _meteor(canvas, (t - meteor) % 4.0)
        if ringed:
            _ring(canvas, at_x, at_y, size, tilt, front=False)
        _planet(canvas, (at_x, at_y, size), planet, None if ringed else craters, t)
        if ringed:
            _ring(canvas, at_x, at_y, size, tilt, front=True)

    return draw


def _planet(
    canvas: Canvas,
    place: tuple[float, float, float],
    colors: tuple[str, str],
    craters: np.ndarray | None,
    t: float,
) -> None:
    x, y, size = place
    canvas.glow(x, y, size * 1.25, colors[0], 0.25)
    canvas.disc(x, y, size, colors[0])
    inside = soft(size - 0.5 - np.hypot(XS - x, YS - y))
    if craters is None:
        bands = soft(4 * np.sin((YS - y) / size * 9 + 0.3 * np.sin(XS / 14 + t)))
        canvas.paint(bands * inside, colors[1], 0.75)
    else:
        for across, up, wide in craters.tolist():
            spot = (across + 0.04 * t) % 1.0 * 2 - 1
            squeeze = np.sqrt(max(0.02, 1 - spot * spot - up * up))
            spot_x, spot_y = x + spot * size * 0.9, y + up * size * 0.9
            canvas.ellipse(spot_x, spot_y, wide * size * squeeze, wide * size, colors[1], 0.8)
    shade = np.clip(np.hypot(XS - x + size * 0.5, YS - y + size * 0.4) / size - 0.75, 0, 1)
    canvas.paint(shade * inside, "#05061a", 0.95)


def _ring(canvas: Canvas, x: float, y: float, size: float, tilt: float, *, front: bool) -> None:
    across = (YS - y) * np.cos(tilt) - (XS - x) * np.sin(tilt)
    along = (XS - x) * np.cos(tilt) + (YS - y) * np.sin(tilt)
    away = np.hypot(along, across / 0.28) / size
    for inner, outer, color in ((1.35, 1.7, "#e6cfa4"), (1.78, 2.1, "#b79c75")):
        band = soft((away - inner) * size) * soft((outer - away) * size)
        half = soft(across) if front else soft(-across)
        canvas.paint(band * half, color, 0.85)


def _meteor(canvas: Canvas, age: float) -> None:
    if age < 0.7:
        x, y = 30 + 190 * age, 10 + 70 * age
        for n in range(10):
            tail = (x - 3.5 * n, y - 1.3 * n)
            canvas.line(tail, (tail[0] + 4, tail[1] + 1.5), 1.8, "#ffffff", 0.9 - 0.09 * n)
