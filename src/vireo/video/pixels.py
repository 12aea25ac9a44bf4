"""One decoded frame -> a square of RGB pixels: scaled by the short side, cut from the centre."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vireo.arrays import Bytes

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

LONGEST = 4
"""Frames longer than this many times their short side are squeezed to it."""


def square(frame: VideoFrame, resolution: int, pixel_aspect: float = 1.0) -> Bytes:
    """(resolution, resolution, 3) uint8, upright.

    `pixel_aspect` is the width of a stored pixel over its height (1 for square pixels).
    """
    width, height = scaled_size(frame.width * pixel_aspect, frame.height, resolution)
    scaled = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
    left, top = (width - resolution) // 2, (height - resolution) // 2
    pixels = scaled.to_ndarray()[top : top + resolution, left : left + resolution]
    # The display matrix says how far the camera was turned, counter-clockwise in degrees.
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90) % 4), dtype=np.uint8)


def scaled_size(width: float, height: float, resolution: int) -> tuple[int, int]:
    """Width and height with the short side at `resolution`, the long side within bounds."""
    short = max(min(width, height), 1e-9)
    longest = LONGEST * resolution
    return (
        min(max(round(width / short * resolution), resolution), longest),
        min(max(round(height / short * resolution), resolution), longest),
    )
