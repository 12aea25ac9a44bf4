"""A video file -> the moments at which its shots change, from small grey pictures.

Every picture that others are made from is decoded, brought to 32 x 18 and compared with the one
before. A cut is a difference that is large, and much larger than what is usual around it (the
adaptive threshold of twin comparison: Zhang, Kankanhalli and Smoliar, 1993).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vireo.arrays import Doubles
from vireo.video.media import Decoder, opened, video_stream

WIDTH, HEIGHT = 32, 18
CUT = 18.0
"""Mean difference of grey levels (0 to 255) that a cut has at least."""
TIMES = 3.0
"""A cut differs by this many times the median of its neighbourhood."""
AROUND = 8
"""Differences on each side that make the neighbourhood."""
SHORTEST = 0.4
"""Seconds between two cuts; a flash is none."""
MOST_PIXELS = 8_000_000_000
"""Pixels decoded at most; later cuts of a longer film are not looked for."""


def cuts(path: Path) -> list[float]:
    """Seconds at which a new shot begins. Raises Unreadable."""
    moments, pictures, budget = list[float](), list[Doubles](), MOST_PIXELS
    with opened(path) as container:
        stream = video_stream(container)
        if stream is None:
            return []
        decoder = Decoder(container, stream)
        decoder.wanted = float("inf")  # pictures that no other needs are left out
        for frame in decoder.frames():
            moment = decoder.time_of(frame)
            if moment is None:
                continue
            grey = frame.reformat(WIDTH, HEIGHT, "gray", interpolation="FAST_BILINEAR", threads=1)
            moments.append(moment)
            pictures.append(np.asarray(grey.to_ndarray(), dtype=np.float64))
            budget -= frame.width * frame.height
            if budget < 0:
                break
    if len(pictures) < 2:
        return []
    return changes(np.array(moments), np.stack(pictures))


def changes(moments: Doubles, pictures: Doubles) -> list[float]:
    """(n,) seconds and (n, height, width) grey levels -> the seconds of the cuts among them."""
    steps = np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2))  # (n - 1,)
    padded = np.pad(steps, AROUND, mode="reflect" if len(steps) > AROUND else "edge")
    usual = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * AROUND + 1), axis=1)
    found = list[float]()
    for row in np.flatnonzero((steps > CUT) & (steps > TIMES * usual)).tolist():
        if not found or moments[row + 1] - found[-1] >= SHORTEST:
            found.append(float(moments[row + 1]))
    return found
