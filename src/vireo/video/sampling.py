"""Sampling plan: which frames of a video are decoded, and how they are cropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Sampling = Literal["uniform", "scenes", "fps"]
MAX_FRAMES = 256
"""Frames sampled at most from one video."""


@dataclass(frozen=True)
class SamplingPlan:
    """Frames to sample from one file; the fields are settings of `[video]` (see base.py)."""

    frames: int
    resolution: int
    crops: int = 1
    """Square crops per frame; 0 squeezes the whole frame into one square."""
    sampling: Sampling = "uniform"
    fps: float = 1.0
    exact_frames: bool = False
    thumbnail_side: int = 112
    """Approximate short side, in pixels, of the uncropped thumbnails."""

    def targets(self, seconds: float, cuts: Sequence[float] = ()) -> list[float]:
        """Times to sample, ascending, in seconds. `cuts` are the shot boundaries."""
        if self.sampling == "fps":
            return midpoints(0.0, seconds, min(max(round(seconds * self.fps), 1), MAX_FRAMES))
        if self.sampling == "scenes":
            return times_by_shot(seconds, cuts, self.frames)
        return midpoints(0.0, seconds, self.frames)


def midpoints(start: float, end: float, count: int) -> list[float]:
    """The midpoints of `count` equal parts of an interval."""
    return [start + (i + 0.5) * (end - start) / count for i in range(count)]


def times_by_shot(seconds: float, cuts: Sequence[float], count: int) -> list[float]:
    """`count` times spread over the shots, at least one per shot, longest shots first.

    A further time goes to the shot with the largest interval between its times (the highest
    averages of D'Hondt, 1882, with durations as votes). Without cuts: equal parts.
    """
    inner = sorted({cut for cut in cuts if 0.0 < cut < seconds})
    shots = list(pairwise([0.0, *inner, max(seconds, 0.0)]))
    counts = [0] * len(shots)
    for _ in range(count):
        candidates = [row for row, n in enumerate(counts) if n == 0] or range(len(shots))
        best = max(candidates, key=lambda row: (shots[row][1] - shots[row][0]) / (counts[row] + 1))
        counts[best] += 1
    return [
        time
        for (start, end), n in zip(shots, counts, strict=True)
        for time in midpoints(start, end, n)
    ]
