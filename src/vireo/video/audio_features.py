"""A video file -> one vector of its sound: how loud, how bright, how it changes.

The sound is brought to 16 kHz mono; its log-mel bands (mel.py) are summed up by their mean,
spread and change over time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from av.audio.resampler import AudioResampler

from vireo.arrays import Bytes, Floats
from vireo.video.audio_summary import AudioSummary, summarize_audio
from vireo.video.media import Decoder, length, opened, said
from vireo.video.mel import BANDS, FFT, RATE, filters, packed, spectra, windows_of

MOST_SECONDS = 60.0
PARTS = 6
"""A longer sound is heard in this many equal parts, spread over the whole."""
SILENCE = -60.0
"""Decibels below full scale under which a moment counts as near-silent."""
DIMENSION = 3 * BANDS + 8
"""Mean, spread and mean change of each band; then loudness (mean, spread), share of
near-silence, zero crossings (mean, spread), brightness (mean, spread), flatness."""


@dataclass(frozen=True)
class AudioFeatures:
    """The vector, (DIMENSION,) float32, figures in words, and what went wrong ("" for nothing)."""

    vector: Floats
    bands: Bytes
    """(t, BANDS): log-mel bands, PACE to a second, for those who listen closer; see mel.py."""
    heard: AudioSummary
    trouble: str = ""


def extract_audio(path: Path) -> AudioFeatures | None:
    """What the file sounds like; None where there is no sound. Raises Unreadable."""
    troubles = list[str]()
    wave = wave_of(path, troubles)
    if wave is None:
        return None
    return AudioFeatures(
        describe(wave), packed(wave), summarize_audio(wave), troubles[0] if troubles else ""
    )


def wave_of(path: Path, troubles: list[str]) -> Floats | None:
    """At most MOST_SECONDS of the first track, 16 kHz mono; None where there is none to speak of.

    What went wrong is added to `troubles`. Raises Unreadable.
    """
    with opened(path) as container:
        streams = [s for s in container.streams.audio if s.codec_context is not None]
        if not streams:
            return None
        decoder = Decoder(container, streams[0])
        wave = _wave(decoder, length(container, streams[0]))
    troubles += decoder.troubles
    return wave if len(wave) >= FFT else None


def _wave(decoder: Decoder, seconds: float | None) -> Floats:
    """At most MOST_SECONDS of 16 kHz mono, in [-1, 1]."""
    parts = _parts(seconds)
    waves = []
    for start, wanted in parts:
        if start > 0 and not decoder.seek(start):
            break
        waves.append(_stretch(decoder, round(wanted * RATE)))
    return np.concatenate(waves) if waves else np.zeros(0, np.float32)


def _parts(seconds: float | None) -> list[tuple[float, float]]:
    """(start, length) of the stretches to hear."""
    if seconds is None or seconds <= MOST_SECONDS:
        return [(0.0, MOST_SECONDS)]
    each = MOST_SECONDS / PARTS
    return [((i + 0.5) * seconds / PARTS - each / 2, each) for i in range(PARTS)]


def _stretch(decoder: Decoder, samples: int) -> Floats:
    """The next `samples` samples, or fewer at the end."""
    pieces, have = [], 0
    for piece in resampled(decoder):
        pieces.append(piece)
        have += len(piece)
        if have >= samples:
            break
    wave = np.concatenate(pieces)[:samples] if pieces else np.zeros(0, np.float32)
    return np.clip(np.nan_to_num(wave), -1.0, 1.0).astype(np.float32)


def resampled(decoder: Decoder) -> Iterator[Floats]:
    resampler = AudioResampler(format="flt", layout="mono", rate=RATE)
    frame: Any
    for frame in decoder.frames():
        frame.pts = None  # gaps and jumps in the clock are no sound
        try:
            yield from (_samples(out) for out in resampler.resample(frame))
        except (OSError, ValueError) as error:  # the format changed half-way
            decoder.troubles.append(said(error))
            return
    yield from (_samples(out) for out in resampler.resample(None))


def _samples(frame: Any) -> Floats:
    return np.asarray(frame.to_ndarray(), dtype=np.float32).reshape(-1)


def describe(wave: Floats) -> Floats:
    """(samples,) at 16 kHz in [-1, 1] -> (DIMENSION,) float32, finite."""
    windows = windows_of(wave)
    power = spectra(windows)
    bands = np.log10(power @ filters().T + 1e-6)  # (t, BANDS)
    change = np.abs(np.diff(bands, axis=0)).mean(0) if len(bands) > 1 else np.zeros(BANDS)
    loud = 10 * np.log10((windows.astype(np.float64) ** 2).mean(1) + 1e-10)  # dB, (t,)
    crossings = (np.diff(np.signbit(windows), axis=1) != 0).mean(1)
    total = power.sum(1) + 1e-9
    bright = power @ np.linspace(0.0, 1.0, power.shape[1]) / total
    flat = np.exp(np.log(power + 1e-9).mean(1)) / (power.mean(1) + 1e-9)
    figures = [
        *(loud.mean() / 50, loud.std() / 50, (loud < SILENCE).mean()),
        *(crossings.mean(), crossings.std(), bright.mean(), bright.std(), flat.mean()),
    ]
    return np.concatenate([bands.mean(0), bands.std(0), change, figures]).astype(np.float32)
