"""Waveform -> log-mel bands.

Triangular filters on the HTK mel scale, as in Davis and Mermelstein, 1980.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from vireo.arrays import Bytes, Doubles, Floats

RATE = 16_000
"""Samples per second."""
WINDOW, HOP, FFT = 400, 160, 512
"""Samples: 25 ms windows every 10 ms."""
BANDS = 32
MERGED_WINDOWS = 2
"""Windows averaged in one step of the quantized bands, so 20 ms per step."""
MIN_LOG_POWER, LOG_POWER_STEP = -6.0, 0.05
"""Quantization of the base-10 logarithm of power."""


def quantize_log_mel(wave: Floats) -> Bytes:
    """(samples,) -> (t, BANDS) uint8: log power above MIN_LOG_POWER in LOG_POWER_STEPs."""
    power = power_spectra(windows(wave)) @ mel_filters().T
    steps = power[: len(power) // MERGED_WINDOWS * MERGED_WINDOWS]
    means = steps.reshape(-1, MERGED_WINDOWS, BANDS).mean(axis=1)
    levels = (np.log10(means + 10**MIN_LOG_POWER) - MIN_LOG_POWER) / LOG_POWER_STEP
    quantized: Bytes = np.clip(levels.round(), 0, 255).astype(np.uint8)
    return quantized


def dequantize_log_mel(bands: Bytes) -> Floats:
    """The inverse of `quantize_log_mel`: base-10 logarithm of power."""
    return MIN_LOG_POWER + LOG_POWER_STEP * bands.astype(np.float32)


def windows(wave: Floats) -> Floats:
    """(samples,) -> (t, WINDOW)"""
    return np.asarray(np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::HOP])


def power_spectra(windows: Floats) -> Doubles:
    """(t, WINDOW) -> (t, FFT // 2 + 1) power, Hann window."""
    return np.asarray(np.abs(np.fft.rfft(windows * np.hanning(WINDOW), FFT)) ** 2)


@cache
def mel_filters() -> Doubles:
    """(BANDS, FFT // 2 + 1) triangles of height 1, evenly spaced on the mel scale to 8 kHz."""
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, BANDS + 2) / 2595) - 1)  # Hz
    frequencies = np.linspace(0, RATE / 2, FFT // 2 + 1)
    rising = (frequencies - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - frequencies) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rising, falling))
