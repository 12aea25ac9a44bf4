"""Contact sheet: the frames of one video as one small JPEG, in order of time."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np

from vireo.arrays import Bytes

COLUMNS = 4
MOST = 24
"""Pictures on a sheet; of more, every so many."""
GAP = 4
PAPER = 24
"""Grey level between the pictures."""
FINEST = 6
"""Coarsest quantiser of the JPEG: 2 is the best picture, 31 the smallest file."""


def smaller(pixels: Bytes, short_side: int) -> Bytes:
    """(height, width, 3) -> every so many pixels, so that the short side is near `short_side`."""
    step = max(round(min(pixels.shape[:2]) / short_side), 1)
    return pixels[::step, ::step]


def contact_sheet(stills: Sequence[Bytes]) -> bytes:
    """A JPEG; b"" for no picture. `stills` are (height, width, 3) each, upright."""
    if not stills:
        return b""
    step = -(-len(stills) // MOST)
    chosen = stills[step // 2 :: step]
    height = max(still.shape[0] for still in chosen)
    width = max(still.shape[1] for still in chosen)
    columns = min(COLUMNS, len(chosen))
    rows = -(-len(chosen) // columns)
    paper = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, 3), PAPER)
    for index, still in enumerate(chosen):
        top = GAP + index // columns * (height + GAP)
        left = GAP + index % columns * (width + GAP)
        paper[top : top + still.shape[0], left : left + still.shape[1]] = still
    return jpeg(paper.astype(np.uint8))


def jpeg(pixels: Bytes) -> bytes:
    """(height, width, 3) RGB -> the bytes of a JPEG file; an odd last row or column is cut."""
    height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
    even = np.ascontiguousarray(pixels[:height, :width])
    frame = av.VideoFrame.from_ndarray(even, format="rgb24").reformat(format="yuvj420p")
    context: Any = av.CodecContext.create("mjpeg", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuvj420p"
    context.time_base, context.qmax = Fraction(1, 25), FINEST
    packets = [*context.encode(frame), *context.encode(None)]
    return b"".join(bytes(packet) for packet in packets)
