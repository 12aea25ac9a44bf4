"""Synthesis of tones, plucks and colored noise; mono float32 at RATE."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Floats

RATE = 16_000
"""Samples per second."""


def times(seconds: float) -> Floats:
    return np.arange(int(seconds * RATE), dtype=np.float32) / np.float32(RATE)


def midi(note: float) -> float:
    """MIDI note number -> Hz."""
    return float(440.0 * 2 ** ((note - 69) / 12))


def tone(frequency: float, seconds: float, harmonics: tuple[float, ...] = (1.0,)) -> Floats:
    """A steady tone with the given strengths of its partials, without clicks at its ends."""
    t = times(seconds)
    total = np.zeros_like(t)
    for n, strength in enumerate(harmonics, 1):
        total += strength * np.sin(2 * np.pi * frequency * n * t)
    return with_fades(total, min(0.02, seconds / 4))


def pluck(frequency: float, seconds: float, decay: float, bright: float = 0.4) -> Floats:
    """A struck string or key: the higher a partial, the sooner it dies."""
    t = times(seconds)
    total = np.zeros_like(t)
    for n in range(1, 7):
        total += bright ** (n - 1) * np.sin(2 * np.pi * frequency * n * t) * np.exp(-t * n / decay)
    return with_fades(total, 0.004)


def sweep(start: float, end: float, seconds: float) -> Floats:
    """A tone that glides from one frequency to another."""
    line = np.linspace(start, end, int(seconds * RATE), dtype=np.float64)
    phase = 2 * np.pi * np.cumsum(line) / RATE
    return with_fades((np.sin(phase) + 0.4 * np.sin(2 * phase)).astype(np.float32), seconds / 4)


def noise(rng: np.random.Generator, seconds: float, low: float, high: float) -> Floats:
    """Noise between two frequencies in Hz, at a loudness of 1 (root mean square)."""
    n = int(seconds * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    hertz = np.fft.rfftfreq(n, 1 / RATE)
    shaped = np.fft.irfft(spectrum * (1 / (1 + (hertz / high) ** 4)) * (hertz > low), n)
    loud = max(float(np.sqrt(np.mean(shaped**2))), 1e-9)
    return (shaped / loud).astype(np.float32)


def thump(rng: np.random.Generator, low: float, high: float, decay: float) -> Floats:
    """A short burst of noise: a knock, a step, a cut."""
    t = times(decay * 5)
    burst: Floats = noise(rng, decay * 5, low, high) * np.exp(-t / decay)
    return burst


def with_fades(sound: Floats, seconds: float) -> Floats:
    n = min(max(1, int(seconds * RATE)), len(sound) // 2)
    ramp = np.linspace(0, 1, n, dtype=np.float32)
    sound[:n] *= ramp
    sound[len(sound) - n :] *= ramp[::-1]
    return sound


class Track:
    """A stretch of silence on which sounds are placed."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.samples: Floats = np.zeros(int(seconds * RATE), dtype=np.float32)

    def add(self, sound: Floats, at: float = 0.0, gain: float = 1.0) -> None:
        start = int(at * RATE)
        part = self.samples[start : start + len(sound)]
        part += gain * sound[: len(part)]

    def finished(self) -> Floats:
        """Samples within -0.7..0.7, with short ramps at both ends."""
        peak = max(float(np.abs(self.samples).max()), 1e-6)
        return with_fades((self.samples * (0.7 / peak)).astype(np.float32), 0.08)
