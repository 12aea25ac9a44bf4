"""Trains: a locomotive with its carriages runs through ochre fields, telegraph poles pass by."""

from __future__ import annotations

import numpy as np

from vireo.demo.canvas import HEIGHT, WIDTH, Canvas, ragged
from vireo.demo.scenes.base import Draw, pick, wave

LIVERIES = [("#a4161a", "#f3d9b1"), ("#7b2d12", "#f5e6ca"), ("#8d1c3d", "#f6e3c5")]
SKIES = [("#f1d9a7", "#fbefd5"), ("#e9c79b", "#f9ead0"), ("#d8cdb4", "#f5ecd7")]
TRACK = 112.0


def trains(rng: np.random.Generator) -> Draw:
    body, trim = pick(rng, LIVERIES)
    top, low = pick(rng, SKIES)
    hills = ragged(rng, 4 * WIDTH, 9, 0.4)
    far = ragged(rng, 4 * WIDTH, 7, 0.35)
    speed = float(rng.uniform(55, 85))
    head = float(rng.uniform(150, 215))
    puffs = rng.uniform(0, 1, (14, 2))

    def draw(canvas: Canvas, t: float) -> None:
        canvas.gradient(top, low, 0, 100)
        shift = int(speed * t * 0.12)
        canvas.below(62 - 10 * far[shift : shift + WIDTH], "#d9a95f")
        shift = int(speed * t * 0.35)
        canvas.below(82 - 8 * hills[shift : shift + WIDTH], "#b9822f")
        _ground(canvas, speed * t)
        front = head + 12 * wave(t, 5)
        _smoke(canvas, front - 12, t, puffs)
        for n in range(4):
            _carriage(canvas, front - 96 - n * 74, body, trim, wave(t, 0.35, n * 0.3))
        _engine(canvas, front, body, trim, speed * t)
        for n in range(3):
            x = (n * 110 - 1.6 * speed * t) % 330 - 30
            canvas.box(x, 8, x + 3.5, HEIGHT, "#4b3621")
            canvas.box(x - 10, 14, x + 13, 16.5, "#4b3621")
        for wire in (13, 17):
            canvas.line((0, wire), (WIDTH, wire), 0.9, "#4b3621", 0.6)

    return draw


def _ground(canvas: Canvas, moved: float) -> None:
    canvas.gradient("#8d7a63", "#5f5344", 104, HEIGHT)
    for n in range(18):
        x = (n * 16 - moved) % 288 - 16
        canvas.polygon([(x, 117), (x + 7, 117), (x + 5, 126), (x - 4, 126)], "#4d3b2a")
    for y in (117, 124):
        canvas.box(-2, y, WIDTH + 2, y + 2, "#cfd3d6")


def _carriage(canvas: Canvas, left: float, body: str, trim: str, shake: float) -> None:
    y = 0.5 * shake
    canvas.box(left, 74 + y, left + 70, 108 + y, body)
    canvas.box(left - 1, 71 + y, left + 71, 76 + y, "#3b3b3d")
    canvas.box(left, 98 + y, left + 70, 100.5 + y, trim)
    for window in range(5):
        x = left + 5 + window * 13
        canvas.box(x, 80 + y, x + 9, 92 + y, "#ffe9a8")
    canvas.box(left - 5, 103, left + 1, 106, "#2b2b2b")
    for wheel in (12, 24, 46, 58):
        canvas.disc(left + wheel, TRACK, 5.2, "#2b2b2b")


def _engine(canvas: Canvas, front: float, body: str, trim: str, moved: float) -> None:
    canvas.box(front - 62, 84, front, 104, "#2f3437")
    canvas.disc(front, 94, 10, "#3c4347")
    canvas.box(front - 78, 66, front - 54, 106, body)
    canvas.box(front - 82, 62, front - 50, 67, "#2b2b2b")
    canvas.box(front - 72, 72, front - 60, 84, "#ffe9a8")
    canvas.box(front - 78, 104, front + 8, 108, body)
    canvas.box(front - 16, 68, front - 8, 85, "#2f3437")
    canvas.box(front - 18, 65, front - 6, 69, trim)
    canvas.disc(front + 4, 88, 3.4, "#fff3b0")
    canvas.polygon([(front + 4, 104), (front + 18, 117), (front + 2, 117)], "#3c4347")
    for wheel in (-66, -46, -26, -6):
        x = front + wheel
        canvas.disc(x, 108, 8.6, "#1f1f1f")
        canvas.ellipse(x, 108, 6.6, 6.6, body, ring=1.6)
        dx, dy = 6 * np.cos(moved / 9), 6 * np.sin(moved / 9)
        canvas.line((x - dx, 108 - dy), (x + dx, 108 + dy), 1.3, trim)


def _smoke(canvas: Canvas, x: float, t: float, puffs: np.ndarray) -> None:
    for n, (phase, lift) in enumerate(puffs.tolist()):
        age = (t / 2.2 + phase) % 1.0
        size = 4 + 15 * age
        shade = "#ffffff" if n % 2 else "#cfc8bd"
        canvas.disc(x - 130 * age, 60 - (18 + 26 * lift) * age, size, shade, 0.6 * (1 - age))
