"""What can be said of a sound in figures that people know: loudness, share of speech, tempo."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vireo.arrays import Doubles, Floats

RATE = 16_000
STEP = 160
"""Samples between two moments: 10 ms."""
WINDOW = 512
LOWEST, HIGHEST = 80.0, 350.0
"""Hertz of human voices in speech."""
VOICED = 0.45
"""Correlation of a moment with itself one period later that makes it voiced."""
BELOW_PEAK = 35.0
"""Decibels under the loudest moments at which a moment counts as a pause."""
SYLLABLES = (2.5, 8.0)
"""Changes of loudness in a second of speech (Houtgast and Steeneken, 1985)."""
STRETCH = 100
"""Moments that are judged together: a second."""
SLOWEST, FASTEST = 50.0, 200.0
"""Beats a minute."""
FAINT = 0.1
"""Power of a band below which its changes are not heard."""
ONSET = 0.1
"""Rise of the bands, in powers of ten, that the strongest onset has at least."""
CLEAR = 0.3
"""Correlation of the onsets with themselves one beat later below which there is no beat."""


class AudioSummary(NamedTuple):
    """Decibels below full scale; share of the seconds with speech; beats a minute (0: no beat)."""

    loudness: float
    speech: float
    tempo: float


def summarize_audio(wave: Floats) -> AudioSummary:
    """(samples,) at 16 kHz in [-1, 1], at least WINDOW of them."""
    windows = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::STEP].astype(np.float64)
    power = (windows**2).mean(axis=1)
    spectra = np.abs(np.fft.rfft(windows * np.hanning(WINDOW), 2 * WINDOW)) ** 2
    loud = 10 * np.log10(power + 1e-10)
    mean = float(10 * np.log10(power.mean() + 1e-10))
    return AudioSummary(round(mean, 1), _speech(loud, _periodicity(spectra)), _tempo(spectra))


def _periodicity(spectra: Doubles) -> Doubles:
    """The strongest correlation of each moment with itself within the periods of voices. (t,)"""
    correlation = np.fft.irfft(spectra, axis=1)
    lags = slice(round(RATE / HIGHEST), round(RATE / LOWEST))
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(WINDOW), 2 * WINDOW)) ** 2)
    fair = correlation / (correlation[:, :1] + 1e-9) / (window / window[0])[None, :]
    return np.asarray(fair[:, lags].max(axis=1))


def _speech(loud: Doubles, periodicity: Doubles) -> float:
    """Share of the seconds that hold voiced moments and whose loudness moves like syllables."""
    count = len(loud) // STRETCH
    if count == 0:
        return 0.0
    cut = slice(0, count * STRETCH)
    seconds = loud[cut].reshape(count, STRETCH)
    sounding = seconds > np.percentile(loud, 98) - BELOW_PEAK
    voiced = (periodicity[cut].reshape(count, STRETCH) > VOICED) & sounding
    moving = np.abs(np.fft.rfft(seconds - seconds.mean(1, keepdims=True), axis=1)) ** 2
    tones = np.fft.rfftfreq(STRETCH, STEP / RATE)
    syllables = moving[:, (tones >= SYLLABLES[0]) & (tones <= SYLLABLES[1])].sum(1)
    share = syllables / (moving[:, 1:].sum(1) + 1e-9)
    spoken = (voiced.mean(1) > 0.15) & (share > 0.3) & (seconds.std(1) > 4.0)
    return round(float(spoken.mean()), 3)


def _tempo(spectra: Doubles) -> float:
    """The period at which onsets repeat, by autocorrelation of the spectral flux."""
    rise = np.diff(np.log10(spectra[:, ::8] + FAINT), axis=0)
    flux = np.maximum(rise, 0.0).mean(axis=1)
    longest = round(60 / SLOWEST * RATE / STEP)
    if len(flux) < 3 * longest or flux.max() < ONSET:
        return 0.0
    flux = flux - flux.mean()
    padded = np.abs(np.fft.rfft(flux, 2 * len(flux))) ** 2
    correlation = np.fft.irfft(padded)[: longest + 1]
    correlation /= correlation[0] * (1 - np.arange(longest + 1) / len(flux))
    shortest = round(60 / FASTEST * RATE / STEP)
    among = correlation[shortest:]
    if among.max() < CLEAR:
        return 0.0
    # of several multiples of the beat that fit about as well, the shortest is the beat
    lag = shortest + int(np.flatnonzero(among > 0.9 * among.max())[0])
    while lag < longest and correlation[lag + 1] > correlation[lag]:
        lag += 1
    return round(60 * RATE / STEP / lag, 1)
