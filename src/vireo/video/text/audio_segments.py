"""Audio track of a file -> segments for ASR, cut at quiet points between words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vireo.arrays import Floats
from vireo.video.audio_features import resample
from vireo.video.media import Decoder, open_media
from vireo.video.mel import RATE

QUIET_WINDOW = RATE // 5
"""Samples of the window in whose middle a cut is made: a fifth of a second."""


def audio_segments(
    path: Path, max_seconds: float, total_seconds: float
) -> Iterator[tuple[float, Floats]]:
    """(start in seconds, (samples,) at 16 kHz) of at most `max_seconds` each, streamed."""
    max_samples, left = round(max_seconds * RATE), round(total_seconds * RATE)
    start, buffer = 0, np.zeros(0, np.float32)
    for chunk in _chunks(path):
        buffer = np.concatenate([buffer, chunk[: max(left, 0)]])
        left -= len(chunk)
        while len(buffer) > max_samples:
            cut = quietest_cut(buffer[:max_samples])
            yield start / RATE, buffer[:cut]
            start, buffer = start + cut, buffer[cut:]
        if left <= 0:
            break
    if len(buffer):
        yield start / RATE, buffer


def _chunks(path: Path) -> Iterator[Floats]:
    with open_media(path) as container:
        streams = [s for s in container.streams.audio if s.codec_context is not None]
        if streams:
            for chunk in resample(Decoder(container, streams[0])):
                yield np.clip(np.nan_to_num(chunk), -1.0, 1.0)


def quietest_cut(wave: Floats) -> int:
    """Middle of the quietest window in the last third of the samples."""
    begin = 2 * len(wave) // 3
    power = np.cumsum(np.square(wave[begin:], dtype=np.float64))
    if len(power) <= QUIET_WINDOW:
        return len(wave)
    window_power = power[QUIET_WINDOW:] - power[:-QUIET_WINDOW]
    return begin + int(np.argmin(window_power)) + QUIET_WINDOW // 2
