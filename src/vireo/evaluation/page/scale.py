"""Scales: numbers -> places on a drawing, with ticks at round numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """From [low, high] to [start, end] pixels, or the other way round for heights."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def of(cls, values: Iterable[float], start: float, end: float, zero: bool = False) -> Scale:
        """Wide enough for all values, with a little air; with `zero`, zero is on it."""
        known = [value for value in values if math.isfinite(value)]
        known += [0.0] if zero or not known else []
        low, high = min(known), max(known)
        if high - low < 1e-12:
            low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
        air = 0.06 * (high - low)
        low = low if zero and low == 0 else low - air
        high = high if zero and high == 0 else high + air
        return cls(low, high, start, end)

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, about: int = 5) -> list[float]:
        """Round numbers within the scale."""
        raw = (self.high - self.low) / max(about, 1)
        size = 10.0 ** math.floor(math.log10(raw))
        step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= raw)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(n * step, 12) for n in range(first, last + 1)]


def number(value: float) -> str:
    """As short as it may be: `0.05`, `1.2`, `300`."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) >= 0.0001 else f"{value:.1e}"
