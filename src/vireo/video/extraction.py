"""Types of one file's extraction: frames, audio, subtitles, status; and the job that reads it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vireo.arrays import Bytes, Floats
from vireo.video.text.base import SubtitleLine

UNREAD_BANDS: Bytes = np.zeros((0, 0), np.uint8)
"""Placeholder for `Extraction.mel_bands` that do not exist or were not loaded."""


@dataclass(frozen=True)
class Frames:
    """Frames sampled from one video: pixels (n * crops, side, side, 3) uint8 RGB, times (n,)."""

    pixels: Bytes
    times: Floats


@dataclass(frozen=True)
class Extraction:
    """Frames, audio and subtitles of one file, or the reason why there are none."""

    status: str
    """"ok", "partial" (something is missing) or "failed"."""
    reason: str
    """Why the status is not "ok"."""
    pixels: Bytes
    """(n * crops, side, side, 3) uint8 RGB; the crops of a frame follow each other."""
    times: Floats
    """(n,) seconds."""
    audio: Floats
    """(audio_features.DIMENSION,), zeros without audio; (0,) where the file failed."""
    mel_bands: Bytes
    """(t, mel.BANDS) uint8, see `mel.dequantize_log_mel`; (0, 0) without audio."""
    has_audio: bool = False
    loudness: float | None = None
    """Decibels below full scale; for `speech` and `tempo` see audio_summary.py."""
    speech: float | None = None
    tempo: float | None = None
    duration: float | None = None
    """Seconds."""
    width: int | None = None
    height: int | None = None
    dialogue: tuple[SubtitleLine, ...] = ()
    text_source: str = ""
    """Source of the lines: "subtitles", "speech", "screen", joined by ", "."""
    contact_sheet: bytes = b""
    """JPEG; b"" when loaded from the cache, where it is a file of its own."""

    @classmethod
    def failed(cls, reason: str, resolution: int) -> Extraction:
        """The extraction of a file that gave nothing."""
        pixels = np.zeros((0, resolution, resolution, 3), np.uint8)
        empty = np.zeros(0, np.float32)
        return cls("failed", reason, pixels, empty, empty, UNREAD_BANDS)


@dataclass(frozen=True)
class ExtractionJob:
    """One file to read, its sidecar subtitles, and the cache key of the result."""

    key: str
    path: str
    subtitles: str | None
    """Path of the subtitle file."""
