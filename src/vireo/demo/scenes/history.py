"""History: an old film of castles and temples in sepia, with banners, torches and scratches."""

from __future__ import annotations

import numpy as np

from vireo.demo.canvas import HEIGHT, WIDTH, XS, YS, Canvas, clouds
from vireo.demo.scenes.base import Draw, pick, wave

STONE, SHADE, INK = "#7d6a4f", "#5d4c36", "#3b2e1e"


def history(rng: np.random.Generator) -> Draw:
    build = pick(rng, [_castle, _castle, _temple, _pyramids])
    sky = clouds(rng, 5, HEIGHT, 2 * WIDTH)
    speckle = rng.normal(0, 0.018, (4, HEIGHT, WIDTH, 1)).astype(np.float32)
    away = np.hypot((XS - WIDTH / 2) / 150, (YS - HEIGHT / 2) / 92)
    vignette = np.clip(away - 0.55, 0, 1).astype(np.float32)
    scratches = rng.uniform(0, WIDTH, 40)
    shift, banner = float(rng.uniform(-18, 18)), pick(rng, ["#8f2d1f", "#5b4a7a", "#2f5d50"])
    army = rng.uniform(0, WIDTH + 40, int(rng.integers(8, 16)))

    def draw(canvas: Canvas, t: float) -> None:
        canvas.gradient("#d9c193", "#f0dfb8", 0, 110)
        drift = int(7 * t)
        canvas.paint(sky[:, drift : drift + WIDTH], "#fdf3d8", 0.55)
        canvas.gradient("#a98f5f", "#7d6740", 110, HEIGHT)
        build(canvas, shift + 5 * wave(t, 11), t, banner)
        for x in army.tolist():
            _soldier(canvas, (x + 11 * t) % (WIDTH + 40) - 20, wave(t, 0.7, x))
        canvas.paint(vignette, "#2a1d0e", 0.85)
        frame = int(t * 10)
        canvas.pixels += speckle[frame % 4] + 0.02 * wave(t, 0.37)
        x = float(scratches[frame % 40])
        canvas.line((x, 0), (x + 2, HEIGHT), 0.8, "#fff8e0", 0.6)

    return draw


def _castle(canvas: Canvas, shift: float, t: float, banner: str) -> None:
    canvas.ellipse(128 + shift, 128, 150, 34, "#97804f")
    for left, right, top in ((66, 190, 66), (52, 78, 44), (178, 204, 44), (108, 148, 30)):
        x0, x1 = left + shift, right + shift
        canvas.box(x0, top, x1, 116, STONE)
        canvas.box(x1 - (x1 - x0) * 0.3, top, x1, 116, SHADE, 0.7)
        for n in range(round((right - left) / 9)):
            canvas.box(x0 + n * 9, top - 6, x0 + n * 9 + 5, top + 1, STONE)
        if right - left < 60:
            canvas.ellipse((x0 + x1) / 2, top + 18, 3, 6, INK)
            _flag(canvas, (x0 + x1) / 2, top - 6, t, banner)
    canvas.ellipse(128 + shift, 104, 11, 14, INK)
    canvas.box(117 + shift, 104, 139 + shift, 117, INK)
    for side in (-1, 1):
        _torch(canvas, 128 + shift + side * 20, 96, t + side)


def _temple(canvas: Canvas, shift: float, t: float, banner: str) -> None:
    roof = [(46 + shift, 52), (128 + shift, 22), (210 + shift, 52)]
    canvas.polygon(roof, STONE)
    canvas.polygon([(66 + shift, 49), (128 + shift, 28), (190 + shift, 49)], SHADE)
    canvas.box(46 + shift, 52, 210 + shift, 60, "#8f7a5a")
    for n in range(7):
        x = 54 + shift + n * 22.5
        canvas.box(x, 60, x + 13, 110, "#9a8662")
        canvas.box(x + 8, 60, x + 13, 110, SHADE, 0.8)
        canvas.box(x - 2, 59, x + 15, 63, "#a8946e")
    for step in range(3):
        top = 108 + 5 * step
        canvas.box(44 - 7 * step + shift, top, 212 + 7 * step + shift, top + 6, STONE)
    for side in (-1, 1):
        _torch(canvas, 128 + shift + side * 98, 96, t + side)
        _flag(canvas, 128 + shift + side * 80, 50, t, banner)


def _pyramids(canvas: Canvas, shift: float, t: float, banner: str) -> None:
    for x, size in ((196.0, 50.0), (60.0, 62.0), (128.0, 88.0)):
        tip = (x + shift, 114 - size)
        canvas.polygon([(x - size + shift, 114), tip, (x + size * 0.25 + shift, 114)], "#b09768")
        canvas.polygon([(x + size * 0.25 + shift, 114), tip, (x + size + shift, 114)], SHADE)
        for row in range(1, 6):
            y, half = 114 - size * row / 6, size * (1 - row / 6)
            canvas.line((x - half + shift, y), (x + half + shift, y), 0.8, INK, 0.35)
    for x in (30.0, 226.0):
        _flag(canvas, x + shift, 96, t, banner)


def _flag(canvas: Canvas, x: float, foot: float, t: float, color: str) -> None:
    canvas.line((x, foot), (x, foot - 20), 1.5, INK)
    for n in range(9):
        y = foot - 17 + (0.3 + 0.2 * n) * wave(t, 0.9, -n * 0.11)
        canvas.box(x + 1 + n * 2, y - 3.5 + 0.15 * n, x + 3.4 + n * 2, y + 3.5 - 0.15 * n, color)


def _torch(canvas: Canvas, x: float, y: float, t: float) -> None:
    canvas.line((x, y), (x, y + 14), 2.4, INK)
    flick = 1 + 0.2 * wave(t, 0.31) + 0.1 * wave(t, 0.17)
    canvas.glow(x, y - 3, 15 * flick, "#ff9a2e", 0.6)
    canvas.ellipse(x, y - 3, 2.8, 6 * flick, "#ffb347")
    canvas.ellipse(x, y - 2, 1.4, 3.4, "#fff2b0")


def _soldier(canvas: Canvas, x: float, step: float) -> None:
    y = 128 + step
    canvas.disc(x, y - 10, 2.5, INK)
    canvas.ellipse(x, y - 3, 3, 5.4, INK)
    canvas.line((x, y), (x + 2.5 * step, y + 7), 1.6, INK)
    canvas.line((x, y), (x - 2.5 * step, y + 7), 1.6, INK)
    canvas.line((x + 4, y + 4), (x + 4, y - 19), 1.0, INK)
