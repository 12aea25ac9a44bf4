"""Contact sheet: the sampled frames of one video as one small JPEG, in order of time."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np

from vireo.arrays import Bytes

COLUMNS = 4
MAX_THUMBNAILS = 24
"""Thumbnails on a sheet; of more, every n-th."""
GAP = 4
BACKGROUND = 24
"""Gray level between the thumbnails."""
QUANTIZER = 6
"""Coarsest quantizer of the JPEG: 2 is the best quality, 31 the smallest file."""


def thumbnail(pixels: Bytes, short_side: int) -> Bytes:
    """(height, width, 3) -> every n-th pixel, so that the short side is near `short_side`."""
    step = max(round(min(pixels.shape[:2]) / short_side), 1)
    return pixels[::step, ::step]


def contact_sheet(thumbnails: Sequence[Bytes]) -> bytes:
    """Upright thumbnails, (height, width, 3) each -> a JPEG; b"" for none."""
    if not thumbnails:
        return b""
    step = -(-len(thumbnails) // MAX_THUMBNAILS)
    chosen = thumbnails[step // 2 :: step]
    height = max(image.shape[0] for image in chosen)
    width = max(image.shape[1] for image in chosen)
    columns = min(COLUMNS, len(chosen))
    rows = -(-len(chosen) // columns)
    sheet = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, 3), BACKGROUND)
    for index, image in enumerate(chosen):
        top = GAP + index // columns * (height + GAP)
        left = GAP + index % columns * (width + GAP)
        sheet[top : top + image.shape[0], left : left + image.shape[1]] = image
    return encode_jpeg(sheet.astype(np.uint8))


def encode_jpeg(pixels: Bytes) -> bytes:
    """(height, width, 3) RGB -> a JPEG file; an odd last row or column is cropped."""
    height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
    even = np.ascontiguousarray(pixels[:height, :width])
    frame = av.VideoFrame.from_ndarray(even, format="rgb24").reformat(format="yuvj420p")
    context: Any = av.CodecContext.create("mjpeg", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuvj420p"
    context.time_base, context.qmax = Fraction(1, 25), QUANTIZER
    packets = [*context.encode(frame), *context.encode(None)]
    return b"".join(bytes(packet) for packet in packets)
