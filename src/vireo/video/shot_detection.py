"""Shot boundary detection: a video file -> the times of its cuts, from small gray frames.

All reference frames are decoded, scaled to 32 x 18 and compared with the frame before. A cut is
a difference above a fixed threshold and above a multiple of the local median (the adaptive
threshold of twin comparison: Zhang, Kankanhalli and Smoliar, 1993).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vireo.arrays import Doubles
from vireo.video.media import Decoder, open_media, video_stream

WIDTH, HEIGHT = 32, 18
MIN_DIFFERENCE = 18.0
"""Mean difference of gray levels (0 to 255) of a cut at least."""
MIN_RATIO = 3.0
"""Ratio of the difference of a cut to the local median at least."""
NEIGHBORHOOD = 8
"""Differences on each side that make the local median."""
MIN_SHOT_SECONDS = 0.4
"""Seconds between two cuts at least, so that a flash is not a shot."""
MAX_PIXELS = 8_000_000_000
"""Pixels decoded at most; later cuts of a longer film are not detected."""


def detect_cuts(path: Path) -> list[float]:
    """Seconds at which a new shot begins. Raises UnreadableMedia."""
    times, images, budget = list[float](), list[Doubles](), MAX_PIXELS
    with open_media(path) as container:
        stream = video_stream(container)
        if stream is None:
            return []
        decoder = Decoder(container, stream)
        decoder.skip_before = float("inf")  # skips all frames that are not references
        for frame in decoder.frames():
            time = decoder.frame_time(frame)
            if time is None:
                continue
            gray = frame.reformat(WIDTH, HEIGHT, "gray", interpolation="FAST_BILINEAR", threads=1)
            times.append(time)
            images.append(np.asarray(gray.to_ndarray(), dtype=np.float64))
            budget -= frame.width * frame.height
            if budget < 0:
                break
    if len(images) < 2:
        return []
    return find_cuts(np.array(times), np.stack(images))


def find_cuts(times: Doubles, images: Doubles) -> list[float]:
    """(n,) seconds and (n, height, width) gray levels -> seconds of the cuts."""
    steps = np.abs(np.diff(images, axis=0)).mean(axis=(1, 2))  # (n - 1,)
    padded = np.pad(steps, NEIGHBORHOOD, mode="reflect" if len(steps) > NEIGHBORHOOD else "edge")
    window = 2 * NEIGHBORHOOD + 1
    medians = np.median(np.lib.stride_tricks.sliding_window_view(padded, window), axis=1)
    found = list[float]()
    for row in np.flatnonzero((steps > MIN_DIFFERENCE) & (steps > MIN_RATIO * medians)).tolist():
        if not found or times[row + 1] - found[-1] >= MIN_SHOT_SECONDS:
            found.append(float(times[row + 1]))
    return found
