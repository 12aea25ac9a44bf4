"""Audio track of a file -> one vector of log-mel statistics, loudness and spectral figures.

The audio is resampled to 16 kHz mono. Its log-mel bands (mel.py) are summarized by mean, standard
deviation and mean change over time.
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
from vireo.video.media import Decoder, error_text, open_media, stream_duration
from vireo.video.mel import BANDS, FFT, RATE, mel_filters, power_spectra, quantize_log_mel, windows

MAX_SECONDS = 60.0
SEGMENTS = 6
"""Longer audio is sampled in this many equal segments, spread over the whole file."""
SILENCE = -60.0
"""Decibels below full scale under which a window counts as silent."""
DIMENSION = 3 * BANDS + 8
"""Mean, standard deviation and mean change of each band; then loudness (mean, deviation), share
of silence, zero crossing rate (mean, deviation), spectral centroid (mean, deviation), flatness."""


@dataclass(frozen=True)
class AudioFeatures:
    """Audio vector, (DIMENSION,) float32, summary, and the first error ("" for none)."""

    vector: Floats
    mel_bands: Bytes
    """(t, BANDS), 50 steps per second, see mel.py; input of trained audio encoders."""
    summary: AudioSummary
    error: str = ""


def extract_audio(path: Path) -> AudioFeatures | None:
    """Features of the first audio stream; None without audio. Raises UnreadableMedia."""
    errors = list[str]()
    wave = load_wave(path, errors)
    if wave is None:
        return None
    return AudioFeatures(
        vector=log_mel_statistics(wave),
        mel_bands=quantize_log_mel(wave),
        summary=summarize_audio(wave),
        error=errors[0] if errors else "",
    )


def load_wave(path: Path, errors: list[str]) -> Floats | None:
    """At most MAX_SECONDS of the first audio stream, 16 kHz mono; None below 32 ms.

    Decoding errors are appended to `errors`. Raises UnreadableMedia.
    """
    with open_media(path) as container:
        streams = [s for s in container.streams.audio if s.codec_context is not None]
        if not streams:
            return None
        decoder = Decoder(container, streams[0])
        wave = _sampled_wave(decoder, stream_duration(container, streams[0]))
    errors += decoder.errors
    return wave if len(wave) >= FFT else None


def _sampled_wave(decoder: Decoder, duration: float | None) -> Floats:
    """At most MAX_SECONDS of 16 kHz mono, in [-1, 1]."""
    waves = []
    for start, seconds in _segments(duration):
        if start > 0 and not decoder.seek(start):
            break
        waves.append(_read_samples(decoder, round(seconds * RATE)))
    return np.concatenate(waves) if waves else np.zeros(0, np.float32)


def _segments(duration: float | None) -> list[tuple[float, float]]:
    """(start, length) in seconds of the segments to decode."""
    if duration is None or duration <= MAX_SECONDS:
        return [(0.0, MAX_SECONDS)]
    length = MAX_SECONDS / SEGMENTS
    return [((i + 0.5) * duration / SEGMENTS - length / 2, length) for i in range(SEGMENTS)]


def _read_samples(decoder: Decoder, count: int) -> Floats:
    """The next `count` samples, or fewer at the end."""
    chunks, total = [], 0
    for chunk in resample(decoder):
        chunks.append(chunk)
        total += len(chunk)
        if total >= count:
            break
    wave = np.concatenate(chunks)[:count] if chunks else np.zeros(0, np.float32)
    return np.clip(np.nan_to_num(wave), -1.0, 1.0).astype(np.float32)


def resample(decoder: Decoder) -> Iterator[Floats]:
    """Chunks of samples at 16 kHz mono, from the current position to the end."""
    resampler = AudioResampler(format="flt", layout="mono", rate=RATE)
    frame: Any
    for frame in decoder.frames():
        frame.pts = None  # gaps and jumps of the timestamps are no audio
        try:
            yield from (_samples(out) for out in resampler.resample(frame))
        except (OSError, ValueError) as error:  # the format changed within the stream
            decoder.errors.append(error_text(error))
            return
    yield from (_samples(out) for out in resampler.resample(None))


def _samples(frame: Any) -> Floats:
    return np.asarray(frame.to_ndarray(), dtype=np.float32).reshape(-1)


def log_mel_statistics(wave: Floats) -> Floats:
    """(samples,) at 16 kHz in [-1, 1] -> (DIMENSION,) float32, finite."""
    frames = windows(wave)
    power = power_spectra(frames)
    bands = np.log10(power @ mel_filters().T + 1e-6)  # (t, BANDS)
    change = np.abs(np.diff(bands, axis=0)).mean(0) if len(bands) > 1 else np.zeros(BANDS)
    loudness = 10 * np.log10((frames.astype(np.float64) ** 2).mean(1) + 1e-10)  # dB, (t,)
    crossings = (np.diff(np.signbit(frames), axis=1) != 0).mean(1)
    total = power.sum(1) + 1e-9
    centroid = power @ np.linspace(0.0, 1.0, power.shape[1]) / total
    flatness = np.exp(np.log(power + 1e-9).mean(1)) / (power.mean(1) + 1e-9)
    figures = [
        *(loudness.mean() / 50, loudness.std() / 50, (loudness < SILENCE).mean()),
        *(crossings.mean(), crossings.std(), centroid.mean(), centroid.std(), flatness.mean()),
    ]
    return np.concatenate([bands.mean(0), bands.std(0), change, figures]).astype(np.float32)
