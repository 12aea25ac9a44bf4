"""A wave -> how loud each band of pitch is, moment by moment.

Triangular filters on the HTK scale, as in Davis and Mermelstein, 1980.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from vireo.arrays import Bytes, Doubles, Floats

RATE = 16_000
WINDOW, HOP, FFT = 400, 160, 512
BANDS = 32
MERGED = 2
"""Moments (10 ms) that one step of what is kept holds."""
PACE = RATE // (HOP * MERGED)
"""Steps to a second."""
FAINTEST, FINE = -6.0, 0.05
"""What is kept are logarithms (base 10) of power from the faintest on, this fine."""


def packed(wave: Floats) -> Bytes:
    """(samples,) -> (t, BANDS) uint8: band levels from FAINTEST on in steps of FINE."""
    power = spectra(windows_of(wave)) @ filters().T
    pairs = power[: len(power) // MERGED * MERGED].reshape(-1, MERGED, BANDS).mean(axis=1)
    steps = (np.log10(pairs + 10**FAINTEST) - FAINTEST) / FINE
    packed: Bytes = np.clip(steps.round(), 0, 255).astype(np.uint8)
    return packed


def levels(bands: Bytes) -> Floats:
    """What `packed` packed: logarithms (base 10) of power."""
    return FAINTEST + FINE * bands.astype(np.float32)


def windows_of(wave: Floats) -> Floats:
    """(t, WINDOW)"""
    return np.asarray(np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::HOP])


def spectra(windows: Floats) -> Doubles:
    """(t, FFT // 2 + 1) power"""
    return np.asarray(np.abs(np.fft.rfft(windows * np.hanning(WINDOW), FFT)) ** 2)


@cache
def filters() -> Doubles:
    """(BANDS, FFT // 2 + 1) triangles of height 1, evenly spaced on the mel scale to 8 kHz."""
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, BANDS + 2) / 2595) - 1)  # Hz
    tones = np.linspace(0, RATE / 2, FFT // 2 + 1)
    rising = (tones - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - tones) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rising, falling))
