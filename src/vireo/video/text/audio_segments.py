"""A file's sound -> stretches, cut where it is quietest, so that no word is cut; never whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vireo.arrays import Floats
from vireo.video.audio_features import resampled
from vireo.video.media import Decoder, opened
from vireo.video.mel import RATE

QUIET = RATE // 5
"""Samples of the stretch in whose middle a sound is cut: a fifth of a second."""


def stretches(path: Path, longest: float, seconds: float) -> Iterator[tuple[float, Floats]]:
    """(second at which it begins, (samples,) at 16 kHz) of at most `longest` seconds each."""
    most, left = round(longest * RATE), round(seconds * RATE)
    start, have = 0, np.zeros(0, np.float32)
    for piece in _pieces(path):
        have = np.concatenate([have, piece[: max(left, 0)]])
        left -= len(piece)
        while len(have) > most:
            cut = quietest(have[:most])
            yield start / RATE, have[:cut]
            start, have = start + cut, have[cut:]
        if left <= 0:
            break
    if len(have):
        yield start / RATE, have


def _pieces(path: Path) -> Iterator[Floats]:
    with opened(path) as container:
        streams = [s for s in container.streams.audio if s.codec_context is not None]
        if streams:
            for piece in resampled(Decoder(container, streams[0])):
                yield np.clip(np.nan_to_num(piece), -1.0, 1.0)


def quietest(wave: Floats) -> int:
    """The middle of the quietest fifth of a second in the last third of the samples."""
    begin = 2 * len(wave) // 3
    power = np.cumsum(np.square(wave[begin:], dtype=np.float64))
    if len(power) <= QUIET:
        return len(wave)
    return begin + int(np.argmin(power[QUIET:] - power[:-QUIET])) + QUIET // 2
