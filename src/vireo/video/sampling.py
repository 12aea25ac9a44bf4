"""Plan: which frames of a video are wanted, and how they are cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Sampling = Literal["uniform", "scenes", "fps"]
MOST_FRAMES = 256
"""Frames taken at most from one video, whatever its length."""


@dataclass(frozen=True)
class SamplingPlan:
    """How one file is looked at; the fields are settings of `[video]` (see base.py)."""

    frames: int
    resolution: int
    looks: int = 1
    """Squares cut from each frame; 0 squeezes the whole picture into one."""
    sampling: Sampling = "uniform"
    rate: float = 1.0
    exact: bool = False
    stills: int = 112
    """Short side, in pixels and about, of the whole pictures that are kept beside the squares."""

    def targets(self, seconds: float, cuts: Sequence[float] = ()) -> list[float]:
        """The moments to look at, in order of time, in seconds. `cuts` are the shot changes."""
        if self.sampling == "fps":
            return middles(0.0, seconds, min(max(round(seconds * self.rate), 1), MOST_FRAMES))
        if self.sampling == "scenes":
            return by_shot(seconds, cuts, self.frames)
        return middles(0.0, seconds, self.frames)


def middles(start: float, end: float, count: int) -> list[float]:
    """The middles of `count` equal parts of a stretch of time."""
    return [start + (i + 0.5) * (end - start) / count for i in range(count)]


def by_shot(seconds: float, cuts: Sequence[float], count: int) -> list[float]:
    """`count` moments, every shot getting one before any gets two; the longest shots first.

    A further moment goes to the shot whose moments are farthest apart (the highest averages of
    D'Hondt, 1882, with lengths as votes). No cut: the same as equal parts.
    """
    inner = sorted({cut for cut in cuts if 0.0 < cut < seconds})
    shots = list(pairwise([0.0, *inner, max(seconds, 0.0)]))
    shares = [0] * len(shots)
    for _ in range(count):
        among = [row for row, share in enumerate(shares) if share == 0] or range(len(shots))
        best = max(among, key=lambda row: (shots[row][1] - shots[row][0]) / (shares[row] + 1))
        shares[best] += 1
    return [
        moment
        for (start, end), share in zip(shots, shares, strict=True)
        for moment in middles(start, end, share)
    ]
