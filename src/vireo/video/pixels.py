"""One decoded frame -> squares of RGB pixels, scaled by the short side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vireo.arrays import Bytes

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

LONGEST = 4
"""Frames longer than this many times their short side are squeezed to it."""


def scaled(frame: VideoFrame, resolution: int, pixel_aspect: float = 1.0) -> Bytes:
    """(height, width, 3) uint8, the short side at `resolution`, not yet turned upright.

    `pixel_aspect` is the width of a stored pixel over its height (1 for square pixels).
    """
    width, height = scaled_size(frame.width * pixel_aspect, frame.height, resolution)
    # one thread: there is a worker per core, and swscale's threads cost more than they bring
    small = frame.reformat(width, height, "rgb24", interpolation="AREA", threads=1)
    return np.asarray(small.to_ndarray(), dtype=np.uint8)


def squares(pixels: Bytes, resolution: int, looks: int, quarters: int) -> Bytes:
    """(looks, resolution, resolution, 3): one look is the centre, more are spread end to end.

    No look is the whole picture, squeezed to one square. `quarters` turns to the left make the
    picture upright.
    """
    if looks == 0:
        return np.rot90(squeezed(pixels, resolution), quarters)[None]
    height, width = pixels.shape[:2]
    spare = max(height, width) - resolution
    starts = [spare // 2] if looks == 1 else np.linspace(0, spare, looks).astype(int).tolist()
    cuts = [
        pixels[start : start + resolution] if height > width else pixels[:, start:][:, :resolution]
        for start in starts
    ]
    upright = [np.rot90(cut[:resolution, :resolution], quarters) for cut in cuts]
    return np.ascontiguousarray(np.stack(upright))


def squeezed(pixels: Bytes, resolution: int) -> Bytes:
    """(height, width, 3) -> (resolution, resolution, 3), the whole of it.

    The short side has its length already; along the long one each pixel is the mean of the
    pixels that it covers, whole ones only.
    """
    axis = 0 if pixels.shape[0] > pixels.shape[1] else 1
    length = pixels.shape[axis]
    if length == resolution:
        return pixels
    edges = np.arange(resolution) * length // resolution
    counts = np.diff(edges, append=length)
    sums = np.add.reduceat(pixels, edges, axis=axis, dtype=np.uint32)
    return np.asarray(sums // np.expand_dims(counts, (1 - axis, 2)), dtype=np.uint8)


def quarters(frame: VideoFrame) -> int:
    """Turns to the left that make the frame upright, from its display matrix."""
    # The matrix says how far the camera was turned, counter-clockwise in degrees.
    return round(frame.rotation / 90) % 4


def scaled_size(width: float, height: float, resolution: int) -> tuple[int, int]:
    """Width and height with the short side at `resolution`, the long side within bounds."""
    short = max(min(width, height), 1e-9)
    longest = LONGEST * resolution
    return (
        min(max(round(width / short * resolution), resolution), longest),
        min(max(round(height / short * resolution), resolution), longest),
    )
