"""Loudness, share of speech and tempo of an audio track: figures to show to users."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vireo.arrays import Doubles, Floats

RATE = 16_000
STEP = 160
"""Samples between two windows: 10 ms."""
WINDOW = 512
MIN_PITCH, MAX_PITCH = 80.0, 350.0
"""Hertz of human voices in speech."""
VOICED = 0.45
"""Autocorrelation at the pitch period from which on a window is voiced."""
PAUSE_BELOW_PEAK = 35.0
"""Decibels below the loudest windows under which a window is a pause."""
SYLLABLE_RATE = (2.5, 8.0)
"""Hertz: loudness modulation of speech (Houtgast and Steeneken, 1985)."""
WINDOWS_PER_SECOND = 100
MIN_TEMPO, MAX_TEMPO = 50.0, 200.0
"""Beats per minute."""
MIN_POWER = 0.1
"""Power of a frequency below which its changes do not count."""
MIN_ONSET = 0.1
"""Spectral flux, in powers of ten, of the strongest onset at least."""
MIN_BEAT = 0.3
"""Autocorrelation of the onsets at the beat period below which there is no beat."""


class AudioSummary(NamedTuple):
    """Decibels below full scale; share of seconds with speech; beats per minute (0: no beat)."""

    loudness: float
    speech: float
    tempo: float


def summarize_audio(wave: Floats) -> AudioSummary:
    """(samples,) at 16 kHz in [-1, 1], at least WINDOW samples."""
    windows = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::STEP].astype(np.float64)
    power = (windows**2).mean(axis=1)
    spectra = np.abs(np.fft.rfft(windows * np.hanning(WINDOW), 2 * WINDOW)) ** 2
    loudness = 10 * np.log10(power + 1e-10)
    mean = float(10 * np.log10(power.mean() + 1e-10))
    return AudioSummary(
        round(mean, 1), _speech_share(loudness, _periodicity(spectra)), _tempo(spectra)
    )


def _periodicity(spectra: Doubles) -> Doubles:
    """(t, frequencies) power -> (t,) largest autocorrelation within the pitch range."""
    correlation = np.fft.irfft(spectra, axis=1)
    lags = slice(round(RATE / MAX_PITCH), round(RATE / MIN_PITCH))
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(WINDOW), 2 * WINDOW)) ** 2)
    normalized = correlation / (correlation[:, :1] + 1e-9) / (window / window[0])[None, :]
    return np.asarray(normalized[:, lags].max(axis=1))


def _speech_share(loudness: Doubles, periodicity: Doubles) -> float:
    """Share of the seconds with voiced windows and a loudness modulated at syllable rate."""
    count = len(loudness) // WINDOWS_PER_SECOND
    if count == 0:
        return 0.0
    whole = slice(0, count * WINDOWS_PER_SECOND)
    seconds = loudness[whole].reshape(count, WINDOWS_PER_SECOND)
    audible = seconds > np.percentile(loudness, 98) - PAUSE_BELOW_PEAK
    voiced = (periodicity[whole].reshape(count, WINDOWS_PER_SECOND) > VOICED) & audible
    modulation = np.abs(np.fft.rfft(seconds - seconds.mean(1, keepdims=True), axis=1)) ** 2
    rates = np.fft.rfftfreq(WINDOWS_PER_SECOND, STEP / RATE)
    low, high = SYLLABLE_RATE
    syllables = modulation[:, (rates >= low) & (rates <= high)].sum(1)
    share = syllables / (modulation[:, 1:].sum(1) + 1e-9)
    speech = (voiced.mean(1) > 0.15) & (share > 0.3) & (seconds.std(1) > 4.0)
    return round(float(speech.mean()), 3)


def _tempo(spectra: Doubles) -> float:
    """Beats per minute, by autocorrelation of the spectral flux."""
    rise = np.diff(np.log10(spectra[:, ::8] + MIN_POWER), axis=0)
    flux = np.maximum(rise, 0.0).mean(axis=1)
    longest = round(60 / MIN_TEMPO * RATE / STEP)
    if len(flux) < 3 * longest or flux.max() < MIN_ONSET:
        return 0.0
    flux = flux - flux.mean()
    padded = np.abs(np.fft.rfft(flux, 2 * len(flux))) ** 2
    correlation = np.fft.irfft(padded)[: longest + 1]
    correlation /= correlation[0] * (1 - np.arange(longest + 1) / len(flux))
    shortest = round(60 / MAX_TEMPO * RATE / STEP)
    candidates = correlation[shortest:]
    if candidates.max() < MIN_BEAT:
        return 0.0
    # of several multiples of the period with similar values, the shortest is the beat
    lag = shortest + int(np.flatnonzero(candidates > 0.9 * candidates.max())[0])
    while lag < longest and correlation[lag + 1] > correlation[lag]:
        lag += 1
    return round(60 * RATE / STEP / lag, 1)
