"""Jazz: a dark club, sweeping spotlights, a turning record and a piano that plays in swing."""

from __future__ import annotations

import numpy as np

from vireo.demo.canvas import HEIGHT, WIDTH, XS, YS, Canvas, clouds
from vireo.demo.scenes.base import Draw, pick, wave

LAMPS = [("#ffb03b", "#ff5470"), ("#ffa62b", "#b5179e"), ("#ff7b54", "#ffb26b")]
KEYS = 22


def jazz(rng: np.random.Generator) -> Draw:
    lamps = pick(rng, LAMPS)
    smoke = clouds(rng, 6, HEIGHT, 2 * WIDTH)
    beat = 60 / float(rng.uniform(110, 150))
    chords = rng.integers(0, KEYS, (16, 3))
    feet, phases = rng.uniform(40, 216, 3), rng.uniform(0, 1, 3)
    stage = [46.0, 126.0, 206.0]
    record_x = stage.pop(int(rng.integers(3)))
    players = stage[: int(rng.integers(1, 3))]

    def draw(canvas: Canvas, t: float) -> None:
        canvas.gradient("#1a0710", "#3b0d1c")
        for n in range(3):
            _beam(canvas, 40 + 88 * n, feet[n] + 50 * wave(t, 5 + n, phases[n]), lamps[n % 2])
        drift = int(12 * t) % WIDTH
        canvas.paint(smoke[:, drift : drift + WIDTH], "#8c4a3a", 0.22)
        _record(canvas, record_x, 66, t)
        for n, x in enumerate(players):
            _bassist(canvas, x, 2.5 * wave(t, 2 * beat, n * 0.4))
        step = int(t / beat)
        _piano(canvas, set(chords[step % 16].tolist()), (t / beat) % 1.0)

    return draw


def _beam(canvas: Canvas, top: float, foot: float, color: str) -> None:
    """A cone of light that falls from the top edge to the keyboard."""
    down = YS / np.float32(108)
    away = (XS - float(top) - float(foot - top) * down) / (3 + 26 * down)
    canvas.paint(np.exp(-away * away) * (1 - 0.54 * down), color, 0.42)


def _record(canvas: Canvas, x: float, y: float, t: float) -> None:
    canvas.disc(x, y, 33, "#0c0a0b")
    for groove in (14, 18, 22, 26, 30):
        canvas.ellipse(x, y, groove, groove, "#332a2d", 0.9, ring=0.8)
    for side in (0.0, np.pi):
        angle = side + 0.6 + 0.15 * wave(t, 1.8)
        tip = x + 30 * np.cos(angle), y + 30 * np.sin(angle)
        canvas.line((x, y), tip, 4, "#8d7d80", 0.35)
    canvas.disc(x, y, 11, "#e09f3e")
    spin = 3.5 * t
    canvas.disc(x + 6 * np.cos(spin), y + 6 * np.sin(spin), 2, "#9e2a2b")
    canvas.disc(x, y, 1.8, "#0c0a0b")
    canvas.line((x + 38, y - 34), (x + 16, y + 12), 2.2, "#d8cfc4")


def _bassist(canvas: Canvas, x: float, sway: float) -> None:
    """A player in silhouette behind a double bass."""
    canvas.disc(x - 14 + sway, 38, 7.5, "#0d0508")
    canvas.ellipse(x - 14 + sway * 0.5, 72, 11, 28, "#0d0508")
    canvas.line((x - 12 + sway, 56), (x + 4, 64), 5, "#0d0508")
    canvas.line((x + 6, 26), (x + 4, 70), 3.4, "#4a2311")
    canvas.ellipse(x + 4, 70, 9, 11, "#8a4b1f")
    canvas.ellipse(x + 4, 90, 13, 17, "#8a4b1f")
    canvas.ellipse(x + 4, 90, 9, 13, "#a9622b")
    canvas.line((x + 4, 40), (x + 4, 98), 0.9, "#f1dfbf")


def _piano(canvas: Canvas, down: set[int], decay: float) -> None:
    canvas.box(-2, 106, WIDTH + 2, HEIGHT, "#0d0508")
    width = WIDTH / KEYS
    for key in range(KEYS):
        pressed = 2.0 if key in down and decay < 0.7 else 0.0
        shade = "#ffcf70" if pressed else "#f4ead9"
        canvas.box(key * width + 0.6, 110 + pressed, (key + 1) * width - 0.6, 142, shade)
    for key in range(KEYS):
        if key % 7 not in (2, 6):
            canvas.box((key + 0.68) * width, 110, (key + 1.32) * width, 128, "#140a0d")
