"""Protocol of scenes: a function that draws a canvas at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from vireo.demo.canvas import Canvas

Draw = Callable[[Canvas, float], None]
"""draw(canvas, seconds): paints the whole canvas; moments come in rising order."""
Scene = Callable[[np.random.Generator], Draw]
"""One topic: the generator decides what is particular to one video."""
Choice = TypeVar("Choice")


def pick(rng: np.random.Generator, choices: Sequence[Choice]) -> Choice:
    """One of the choices."""
    return choices[int(rng.integers(len(choices)))]


def wave(seconds: float, period: float, phase: float = 0.0) -> float:
    """-1..1, once around in `period` seconds."""
    return float(np.sin(2 * np.pi * (seconds / period + phase)))
