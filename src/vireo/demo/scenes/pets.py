"""Cats and dogs: two animals on a pastel background look around, blink and wag; a ball rolls."""

from __future__ import annotations

from numpy.random import Generator

from vireo.demo.canvas import WIDTH, Canvas, mix
from vireo.demo.scenes.base import Draw, pick, wave

WALLS = [("#f8c8dc", "#fde2e4"), ("#e2cfea", "#f5e6f7"), ("#fbd0c0", "#fdebe0")]
CATS = ["#e8893a", "#8d99a6", "#4a4a52", "#f2e6d8"]
DOGS = ["#9c6b3f", "#d9b382", "#6b4a2f", "#efe4d2"]


def pets(rng: Generator) -> Draw:
    wall = pick(rng, WALLS)
    cat, dog = pick(rng, CATS), pick(rng, DOGS)
    cast = pick(rng, ["both", "both", "cats", "dogs"])
    cat_x, dog_x = (78.0, 180.0) if rng.random() < 0.5 else (180.0, 78.0)
    blink, tail = rng.uniform(0, 1, 2), float(rng.uniform(0.5, 1.1))
    ball = pick(rng, ["#ef476f", "#06a77d", "#ffd166"])

    def draw(canvas: Canvas, t: float) -> None:
        canvas.gradient(*wall, 0, 104)
        for n in range(9):
            canvas.box(n * 32 + 10, 0, n * 32 + 16, 104, "#ffffff", 0.28)
        canvas.gradient("#e8c9a0", "#c99b6d", 104, 144)
        canvas.box(-2, 101, WIDTH + 2, 106, "#fffaf5")
        canvas.ellipse(128, 132, 118, 15, mix(wall[0], "#7d5ba6", 0.35))
        look = 3 * wave(t, 3.2)
        if cast != "dogs":
            _cat(canvas, cat_x, cat, look, t, float(blink[0]))
        if cast == "cats":
            _cat(canvas, dog_x, mix(cat, "#ffffff", 0.45), -look, t, float(blink[1]))
        if cast != "cats":
            _dog(canvas, dog_x, dog, look, t, tail)
        if cast == "dogs":
            _dog(canvas, cat_x, mix(dog, "#20150c", 0.4), -look, t, tail * 1.3)
        _ball(canvas, 128 + 96 * wave(t, 4.4), ball, 96 * wave(t, 4.4) / 8)

    return draw


def _cat(canvas: Canvas, x: float, fur: str, look: float, t: float, blink: float) -> None:
    dark = mix(fur, "#20150c", 0.45)
    for n in range(14):
        bend = n / 13
        canvas.disc(
            x + 24 + 14 * bend, 118 - 46 * bend * bend - 8 * bend * wave(t, 1.9, bend), 5, dark
        )
    canvas.ellipse(x, 108, 28, 27, fur)
    canvas.ellipse(x, 114, 14, 18, mix(fur, "#ffffff", 0.5))
    for side in (-1, 1):
        canvas.ellipse(x + side * 13, 131, 9, 5, fur)
        tip_x = x + look + side * 18
        tip = (tip_x + side * 4, 28.0)
        canvas.polygon([(tip_x - 9, 52), tip, (tip_x + 9, 54)], fur)
        canvas.polygon([(tip_x - 4, 50), (tip[0], 35), (tip_x + 5, 51)], "#f4a6b0")
    canvas.ellipse(x + look, 64, 30, 25, fur)
    for stripe in (-8, 0, 8):
        canvas.line((x + look + stripe, 42), (x + look + stripe * 0.8, 50), 2.6, dark)
    closed = (t / 2.1 + blink) % 1.0 < 0.09
    for side in (-1, 1):
        _eye(canvas, x + 1.6 * look + side * 12, 62, "#7bb662", slit=True, closed=closed)
        for whisker in (-3, 1, 5):
            start = (x + 1.4 * look + side * 9, 75.0)
            canvas.line(start, (start[0] + side * 24, 73 + whisker * 1.5), 0.9, "#fffaf5", 0.9)
    canvas.ellipse(x + 1.5 * look, 75, 9, 6, mix(fur, "#ffffff", 0.65))
    canvas.ellipse(x + 1.6 * look, 72, 3.6, 2.4, "#e26d7c")


def _dog(canvas: Canvas, x: float, fur: str, look: float, t: float, tail: float) -> None:
    dark = mix(fur, "#20150c", 0.5)
    swing = 12 * wave(t, tail)
    canvas.line((x + 20, 118), (x + 42 + swing, 92), 7, dark)
    canvas.ellipse(x, 108, 30, 28, fur)
    canvas.ellipse(x, 114, 15, 19, "#fff7ea", 0.85)
    for side in (-1, 1):
        canvas.ellipse(x + side * 14, 132, 10, 5.5, fur)
    canvas.ellipse(x + look, 62, 29, 27, fur)
    for side in (-1, 1):
        flop = 2 * wave(t, tail, 0.2)
        canvas.ellipse(x + look + side * 29, 64 + flop, 9, 21, dark, turn=-0.25 * side)
        _eye(canvas, x + 1.6 * look + side * 11, 56, "#4a2c17", slit=False, closed=False)
    canvas.ellipse(x + 1.5 * look, 74, 17, 13, mix(fur, "#ffffff", 0.6))
    canvas.ellipse(x + 1.6 * look, 84 + abs(2 * wave(t, 0.6)), 5, 8, "#ef6f6c")
    canvas.line((x + 1.6 * look - 8, 79), (x + 1.6 * look + 8, 79), 1.8, "#2b1b12")
    canvas.ellipse(x + 1.6 * look, 67, 7, 5, "#2b1b12")


def _eye(canvas: Canvas, x: float, y: float, iris: str, *, slit: bool, closed: bool) -> None:
    if closed:
        canvas.line((x - 6, y), (x + 6, y), 2, "#20150c")
        return
    canvas.ellipse(x, y, 7, 6.4, "#fffdf5")
    canvas.disc(x, y, 5, iris)
    canvas.ellipse(x, y, 1.7 if slit else 3.2, 4.4 if slit else 3.2, "#120c08")
    canvas.disc(x - 2, y - 2, 1.3, "#ffffff")


def _ball(canvas: Canvas, x: float, color: str, turn: float) -> None:
    canvas.ellipse(x + 1, 138, 11, 3, "#6b4a2f", 0.4)
    canvas.disc(x, 129, 10, color)
    for n in range(3):
        canvas.ellipse(x, 129, 9, 3.2, mix(color, "#ffffff", 0.5), turn=turn + n * 1.05, ring=1.1)
    canvas.disc(x - 3, 125, 1.8, "#ffffff", 0.7)
