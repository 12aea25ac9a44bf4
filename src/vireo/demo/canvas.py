"""Canvas: a small float image with soft-edged shapes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from vireo.arrays import Bytes, Floats

WIDTH, HEIGHT = 256, 144
XS, YS = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))


@lru_cache(maxsize=512)
def _parsed(text: str) -> tuple[float, float, float]:
    return int(text[1:3], 16) / 255, int(text[3:5], 16) / 255, int(text[5:7], 16) / 255


def rgb(color: str) -> Floats:
    """`"#rrggbb"` -> (3,) in 0..1."""
    return np.asarray(_parsed(color), dtype=np.float32)


def mix(first: str, second: str, share: float) -> str:
    """The color that lies `share` of the way from the first to the second."""
    blend = rgb(first) + (rgb(second) - rgb(first)) * float(np.clip(share, 0, 1))
    return "#" + "".join(f"{round(part * 255):02x}" for part in blend.tolist())


def soft(distance: Any) -> Any:
    """Coverage in 0..1 of pixels that lie `distance` inside an edge (negative: outside)."""
    return np.clip(distance + 0.5, 0.0, 1.0)


class Canvas:
    """Pixels (HEIGHT, WIDTH, 3) float32 in 0..1; coordinates are pixels, y grows downwards."""

    def __init__(self) -> None:
        self.pixels: Floats = np.zeros((HEIGHT, WIDTH, 3), dtype=np.float32)

    def image(self) -> Bytes:
        """(HEIGHT, WIDTH, 3) uint8."""
        scaled: Bytes = (np.clip(self.pixels, 0, 1) * 255 + 0.5).astype(np.uint8)
        return scaled

    def copy_from(self, other: Canvas) -> None:
        self.pixels[:] = other.pixels

    def gradient(self, top: str, bottom: str, y0: float = 0, y1: float = HEIGHT) -> None:
        """Fill rows y0..y1 from one color to the other."""
        first, last = max(0, int(y0)), min(HEIGHT, round(y1))
        share = ((np.arange(first, last) - y0) / max(y1 - y0, 1)).astype(np.float32)
        rows = rgb(top) + share[:, None] * (rgb(bottom) - rgb(top))  # (rows, 3)
        self.pixels[first:last] = rows[:, None, :]

    def paint(self, mask: Floats, color: str, alpha: float = 1.0) -> None:
        """Blend a color in where the mask (HEIGHT, WIDTH) is above 0."""
        self._blend(slice(0, HEIGHT), slice(0, WIDTH), mask, color, alpha)

    def glow(self, x: float, y: float, radius: float, color: str, strength: float = 1.0) -> None:
        """Add light that decays with the distance."""
        rows, columns = _window(x, y, radius * 2.5, radius * 2.5)
        x, y = float(x), float(y)  # plain floats keep the arrays in single precision
        away = (XS[rows, columns] - x) ** 2 + (YS[rows, columns] - y) ** 2
        light = np.exp(-away / (radius * radius)) * strength
        self.pixels[rows, columns] += light[..., None] * rgb(color)

    def ellipse(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        color: str,
        alpha: float = 1.0,
        turn: float = 0.0,
        ring: float = 0.0,
    ) -> None:
        """A filled ellipse, turned by `turn` radians; with `ring`, only a rim of that width."""
        reach = max(rx, ry) + ring + 2
        rows, columns = _window(x, y, reach, reach)
        dx, dy = XS[rows, columns] - float(x), YS[rows, columns] - float(y)
        if turn:
            cos, sin = float(np.cos(turn)), float(np.sin(turn))
            dx, dy = dx * cos + dy * sin, dy * cos - dx * sin
        away = np.hypot(dx / float(max(rx, 0.1)), dy / float(max(ry, 0.1)))
        inside = (1 - away) * float(min(rx, ry))
        mask = soft(ring / 2 - np.abs(inside)) if ring else soft(inside)
        self._blend(rows, columns, mask, color, alpha)

    def disc(self, x: float, y: float, radius: float, color: str, alpha: float = 1.0) -> None:
        self.ellipse(x, y, radius, radius, color, alpha)

    def box(
        self, x0: float, y0: float, x1: float, y1: float, color: str, alpha: float = 1.0
    ) -> None:
        """An upright rectangle."""
        rows, columns = _window((x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2 + 2, (y1 - y0) / 2 + 2)
        x, y = XS[rows, columns], YS[rows, columns]
        mask = soft(np.minimum(x - x0, x1 - x)) * soft(np.minimum(y - y0, y1 - y))
        self._blend(rows, columns, mask, color, alpha)

    def line(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        width: float,
        color: str,
        alpha: float = 1.0,
    ) -> None:
        """A straight stroke with round ends."""
        (x0, y0), (x1, y1) = start, end
        middle = (x0 + x1) / 2, (y0 + y1) / 2
        rows, columns = _window(*middle, abs(x1 - x0) / 2 + width + 2, abs(y1 - y0) / 2 + width + 2)
        x, y = XS[rows, columns] - x0, YS[rows, columns] - y0
        length = max((x1 - x0) ** 2 + (y1 - y0) ** 2, 1e-6)
        share = np.clip((x * (x1 - x0) + y * (y1 - y0)) / length, 0, 1)
        away = np.hypot(x - share * (x1 - x0), y - share * (y1 - y0))
        self._blend(rows, columns, soft(width / 2 - away), color, alpha)

    def polygon(
        self, points: Sequence[tuple[float, float]], color: str, alpha: float = 1.0
    ) -> None:
        """A filled convex polygon."""
        corners = np.asarray(points, dtype=np.float32)
        middle, reach = corners.mean(axis=0), np.ptp(corners, axis=0)
        rows, columns = _window(float(middle[0]), float(middle[1]), reach[0] + 2, reach[1] + 2)
        x, y = XS[rows, columns], YS[rows, columns]
        inside = np.full(x.shape, np.inf, dtype=np.float32)
        for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            nx, ny = end[1] - start[1], start[0] - end[0]
            sign = np.sign((middle[0] - start[0]) * nx + (middle[1] - start[1]) * ny) or 1.0
            length = max(float(np.hypot(nx, ny)), 1e-6)
            away = ((x - start[0]) * nx + (y - start[1]) * ny) * sign / length
            inside = np.minimum(inside, away)
        self._blend(rows, columns, soft(inside), color, alpha)

    def below(self, curve: Floats, color: str, alpha: float = 1.0) -> None:
        """Everything under the line y = curve[x]. curve (WIDTH,)"""
        rows = slice(_in(int(curve.min()) - 1, HEIGHT), HEIGHT)
        mask = soft(YS[rows] - curve[None, :].astype(np.float32))
        self._blend(rows, slice(0, WIDTH), mask, color, alpha)

    def _blend(self, rows: slice, columns: slice, mask: Any, color: str, alpha: float) -> None:
        part = self.pixels[rows, columns]
        share = np.asarray(mask, dtype=np.float32) * np.float32(alpha)
        part += (rgb(color) - part) * share[..., None]


def _window(x: float, y: float, half_width: float, half_height: float) -> tuple[slice, slice]:
    """Rows and columns of a shape's bounding box, clipped to the canvas."""
    top, bottom = int(y - half_height), int(y + half_height) + 2
    left, right = int(x - half_width), int(x + half_width) + 2
    return slice(_in(top, HEIGHT), _in(bottom, HEIGHT)), slice(_in(left, WIDTH), _in(right, WIDTH))


def _in(value: int, limit: int) -> int:
    return min(max(value, 0), limit)


def clouds(
    rng: np.random.Generator, cells: int, rows: int = HEIGHT, columns: int = WIDTH
) -> Floats:
    """Smooth noise in 0..1, `cells` bumps wide: value noise in three octaves. (rows, columns)"""
    total = np.zeros((rows, columns), dtype=np.float64)
    for octave in range(3):
        n = cells * 2**octave
        grid = rng.random((max(2, n * rows // columns) + 1, n + 1))
        y, x = np.linspace(0, grid.shape[0] - 1, rows), np.linspace(0, n, columns)
        tall = np.stack([np.interp(y, np.arange(grid.shape[0]), column) for column in grid.T], 1)
        wide = np.stack([np.interp(x, np.arange(n + 1), row) for row in tall], 0)
        total += wide / 2**octave
    low, high = total.min(), total.max()
    smooth: Floats = ((total - low) / (high - low)).astype(np.float32)
    return smooth


def ragged(rng: np.random.Generator, length: int, cells: int, roughness: float = 0.55) -> Floats:
    """A mountain-like line in -1..1. (length,)"""
    total = np.zeros(length)
    for octave in range(5):
        n = cells * 2**octave
        knots = rng.uniform(-1, 1, n + 1)
        total += np.interp(np.linspace(0, n, length), np.arange(n + 1), knots) * roughness**octave
    line: Floats = (total / np.abs(total).max()).astype(np.float32)
    return line
