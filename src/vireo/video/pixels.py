"""One decoded frame -> square RGB crops, scaled by the short side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vireo.arrays import Bytes

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

MAX_ASPECT_RATIO = 4
"""Frames with a larger ratio of long to short side are squeezed to it."""


def scale(frame: VideoFrame, resolution: int, pixel_aspect: float = 1.0) -> Bytes:
    """(height, width, 3) uint8, the short side at `resolution`, not yet rotated upright.

    `pixel_aspect` is the width of a stored pixel over its height (1 for square pixels).
    """
    width, height = scaled_size(frame.width * pixel_aspect, frame.height, resolution)
    # one thread: there is a worker per core, and swscale's threads cost more than they save
    small = frame.reformat(width, height, "rgb24", interpolation="AREA", threads=1)
    return np.asarray(small.to_ndarray(), dtype=np.uint8)


def square_crops(pixels: Bytes, resolution: int, crops: int, turns: int) -> Bytes:
    """(crops, resolution, resolution, 3): the center crop, or several from end to end.

    0 crops give the whole frame, squeezed to one square. `turns` quarter turns to the left make
    the frame upright.
    """
    if crops == 0:
        return np.rot90(squeeze(pixels, resolution), turns)[None]
    height, width = pixels.shape[:2]
    spare = max(height, width) - resolution
    starts = [spare // 2] if crops == 1 else np.linspace(0, spare, crops).astype(int).tolist()
    parts = [
        pixels[start : start + resolution] if height > width else pixels[:, start:][:, :resolution]
        for start in starts
    ]
    upright = [np.rot90(part[:resolution, :resolution], turns) for part in parts]
    return np.ascontiguousarray(np.stack(upright))


def squeeze(pixels: Bytes, resolution: int) -> Bytes:
    """(height, width, 3) -> (resolution, resolution, 3): the whole frame.

    The short side has its final length already. Along the long side each pixel is the mean of
    the whole pixels that it covers.
    """
    axis = 0 if pixels.shape[0] > pixels.shape[1] else 1
    length = pixels.shape[axis]
    if length == resolution:
        return pixels
    edges = np.arange(resolution) * length // resolution
    counts = np.diff(edges, append=length)
    sums = np.add.reduceat(pixels, edges, axis=axis, dtype=np.uint32)
    return np.asarray(sums // np.expand_dims(counts, (1 - axis, 2)), dtype=np.uint8)


def quarter_turns(frame: VideoFrame) -> int:
    """Quarter turns to the left that make the frame upright, from its display matrix."""
    # The matrix holds the rotation of the camera, counterclockwise in degrees.
    return round(frame.rotation / 90) % 4


def scaled_size(width: float, height: float, resolution: int) -> tuple[int, int]:
    """(width, height) with the short side at `resolution`, the long side limited."""
    short = max(min(width, height), 1e-9)
    longest = MAX_ASPECT_RATIO * resolution
    return (
        min(max(round(width / short * resolution), resolution), longest),
        min(max(round(height / short * resolution), resolution), longest),
    )
