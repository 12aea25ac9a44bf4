"""Small real video files, drawn and encoded in the test: their content is known."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import polars as pl

from vireo.arrays import Bytes
from vireo.artifacts.files import digest_of_file
from vireo.data.base import MEDIA_SCHEMA, VIDEO_SCHEMA, Tables

RED, GREEN, BLUE = (220, 30, 30), (30, 200, 30), (30, 30, 220)
Draw = Callable[[int, Bytes], None]
"""Draws frame i onto black pixels (height, width, 3)."""


def plain(color: tuple[int, int, int]) -> Draw:
    def draw(index: int, pixels: Bytes) -> None:
        pixels[:] = color

    return draw


def thirds(index: int, pixels: Bytes) -> None:
    """Red for the first ten frames, green for the next ten, then blue."""
    pixels[:] = (RED, GREEN, BLUE)[min(index // 10, 2)]


def write_clip(
    path: Path,
    draw: Draw,
    *,
    frames: int = 30,
    size: tuple[int, int] = (64, 48),
    codec: str = "mpeg4",
    key_every: int = 12,
    tone: float | None = None,
    pixel_format: str = "yuv420p",
) -> Path:
    """A clip of 10 frames a second, with a tone of `tone` hertz, if given."""
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream(codec, rate=10)
        video.width, video.height = size
        video.pix_fmt = pixel_format
        video.gop_size = key_every
        audio: Any = container.add_stream("aac", rate=16_000) if tone else None
        for index in range(frames):
            pixels = np.zeros((size[1], size[0], 3), np.uint8)
            draw(index, pixels)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            _mux_tone(container, audio, tone or 0.0, frames / 10)
    return path


def _mux_tone(container: Any, audio: Any, tone: float, seconds: float) -> None:
    time = np.arange(int(16_000 * seconds)) / 16_000
    wave = (0.5 * np.sin(2 * np.pi * tone * time)).astype(np.float32)
    for start in range(0, len(wave), 1024):
        piece = np.ascontiguousarray(wave[None, start : start + 1024])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 16_000, start
        container.mux(audio.encode(frame))
    container.mux(audio.encode(None))


def tables_of(paths: dict[str, Path], **columns: dict[str, Any]) -> Tables:
    """Tables as the stage `data` makes them: one video per path, readable or not."""
    videos = [
        {"video_id": video_id, **{name: values.get(video_id) for name, values in columns.items()}}
        for video_id in paths
    ]
    media = [
        {
            "video_id": video_id,
            "path": str(path),
            "digest": digest_of_file(path) if path.is_file() else None,
        }
        for video_id, path in paths.items()
    ]
    return Tables(
        {
            "videos": pl.DataFrame(videos, VIDEO_SCHEMA),
            "media": pl.DataFrame(media, MEDIA_SCHEMA),
        }
    )
