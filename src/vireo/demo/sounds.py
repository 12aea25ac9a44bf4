"""Synthesized sound of each topic."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from vireo.arrays import Floats
from vireo.demo.synth import Track, midi, noise, pluck, sweep, thump, times, tone

Score = Callable[[Generator, Track], None]


def _swell(track: Track, period: float, phase: float, floor: float = 0.2) -> Floats:
    """Loudness that rises and falls, floor..1."""
    rise = 0.5 + 0.5 * np.sin(2 * np.pi * (times(track.seconds) / period + phase))
    loud: Floats = (floor + (1 - floor) * rise**2).astype(np.float32)
    return loud


def _beats(track: Track, every: float, first: float = 0.0) -> list[float]:
    return np.arange(first, track.seconds, every).tolist()


def sea(rng: Generator, track: Track) -> None:
    """Surf: deep noise that comes and goes, and a gull."""
    period = rng.uniform(2.2, 3.8)
    track.add(noise(rng, track.seconds, 40, 500) * _swell(track, period, 0.1), gain=0.6)
    track.add(noise(rng, track.seconds, 600, 2600) * _swell(track, period, -0.1, 0.02), gain=0.4)
    for at in rng.uniform(0.5, track.seconds - 0.7, 2).tolist():
        track.add(sweep(1500, 900, 0.4), at, 0.25)


def mountains(rng: Generator, track: Track) -> None:
    """Wind on a ridge and a far bell."""
    wind = noise(rng, track.seconds, 250, 700) * _swell(track, rng.uniform(3, 5), rng.uniform())
    track.add(wind, gain=0.5)
    for at in _beats(track, 1.9, 0.4):
        track.add(pluck(rng.choice([1244.5, 1396.9]), 1.5, 0.9, 0.2), at, 0.3)


def cooking(rng: Generator, track: Track) -> None:
    """Sizzling and the rhythm of a knife."""
    track.add(noise(rng, track.seconds, 3000, 7500), gain=0.22)
    for at in rng.uniform(0, track.seconds - 0.1, 60).tolist():
        track.add(thump(rng, 3500, 7500, 0.006), at, rng.uniform(0.2, 0.7))
    for at in _beats(track, rng.uniform(0.2, 0.27), 0.8):
        if at % 2.0 < 1.1:
            track.add(thump(rng, 200, 1200, 0.02), at, 0.9)


def football(rng: Generator, track: Track) -> None:
    """A stadium, a whistle and kicks."""
    stadium = noise(rng, track.seconds, 300, 1500) * _swell(track, 3.3, rng.uniform(), 0.4)
    track.add(stadium, gain=0.5)
    t = times(0.6)
    whistle = np.sin(2 * np.pi * (2900 * t + 8 * np.sin(2 * np.pi * 30 * t))).astype(np.float32)
    track.add(whistle, 0.3, 0.4)
    for at in _beats(track, rng.uniform(0.8, 1.2), 1.0):
        track.add(thump(rng, 50, 220, 0.04), at, 1.3)


def astronomy(rng: Generator, track: Track) -> None:
    """A slow, wide chord."""
    root = int(rng.integers(40, 48))
    for n, step in enumerate((0, 7, 12, 16, 23)):
        note = tone(midi(root + step), track.seconds, (1.0, 0.3, 0.1))
        track.add(note * _swell(track, 4 + n, n * 0.2), gain=0.3)


def gardening(rng: Generator, track: Track) -> None:
    """Birdsong over a light breeze, and a bee."""
    track.add(noise(rng, track.seconds, 500, 1500), gain=0.05)
    for at in rng.uniform(0.1, track.seconds - 0.5, 9).tolist():
        high = rng.uniform(3200, 5200)
        for n in range(int(rng.integers(2, 5))):
            track.add(sweep(high, high * rng.uniform(0.7, 1.25), 0.09), at + n * 0.12, 0.5)
    bee = tone(210, track.seconds, (1, 0.6, 0.4, 0.3))
    track.add(bee * _swell(track, 3.1, rng.uniform(), 0.0), gain=0.08)


def trains(rng: Generator, track: Track) -> None:
    """Wheels over the joints of the track, a rumble and a steam whistle."""
    track.add(noise(rng, track.seconds, 30, 140), gain=0.35)
    every = rng.uniform(0.5, 0.7)
    for at in _beats(track, every):
        for pair in (0.0, 0.11):
            track.add(thump(rng, 400, 2400, 0.018), at + pair, 0.9)
        track.add(thump(rng, 700, 5000, 0.07), at + every / 2, 0.3)
    for frequency in (466, 554, 698):
        track.add(tone(frequency, 1.0, (1, 0.5, 0.3)), rng.uniform(0.8, 1.0), 0.3)


def jazz(rng: Generator, track: Track) -> None:
    """Walking bass, swing on the ride cymbal, chords off the beat."""
    beat = 60 / rng.uniform(120, 160)
    line = [0, 4, 7, 9, 10, 9, 7, 4]
    root = int(rng.integers(33, 40))
    for n, at in enumerate(_beats(track, beat)):
        bar = (0, 5, 0, 7)[n // 8 % 4]
        track.add(pluck(midi(root + bar + line[n % 8]), beat, 0.25, 0.5), at, 0.9)
        track.add(thump(rng, 5000, 7800, 0.05), at, 0.25)
        if n % 2:
            track.add(thump(rng, 5000, 7800, 0.03), at + beat * 0.66, 0.2)
            for step in (4, 10, 14, 19):
                note = midi(root + 24 + bar + step)
                track.add(pluck(note, beat, 0.3, 0.3), at + beat * 0.66, 0.25)


def chess(rng: Generator, track: Track) -> None:
    """Silence: the clock ticks, a piece is set down."""
    track.add(noise(rng, track.seconds, 60, 200), gain=0.012)
    for n, at in enumerate(_beats(track, 0.5)):
        track.add(pluck((2200, 1700)[n % 2], 0.05, 0.012, 0.6), at, 0.4)
    for at in _beats(track, rng.uniform(0.9, 1.3), 0.8):
        track.add(thump(rng, 150, 900, 0.025), at, 0.8)


def pets(rng: Generator, track: Track) -> None:
    """Meows, barks, and purring below."""
    t = times(track.seconds)
    purr = noise(rng, track.seconds, 60, 300) * (np.sin(2 * np.pi * 24 * t) > 0)
    track.add(purr.astype(np.float32), gain=0.12)
    for at in _beats(track, rng.uniform(1.5, 1.9), rng.uniform(0.2, 0.6)):
        low = rng.uniform(480, 640)
        track.add(sweep(low, low * 1.6, 0.25), at, 0.6)
        track.add(sweep(low * 1.6, low * 0.9, 0.4), at + 0.2, 0.6)
        for n in range(2):
            track.add(sweep(420, 190, 0.13), at + 0.8 + 0.25 * n, 0.9)
            track.add(thump(rng, 300, 1500, 0.03), at + 0.8 + 0.25 * n, 0.3)


def painting(rng: Generator, track: Track) -> None:
    """A music box and the brush on the paper."""
    scale = [72, 74, 76, 79, 81, 84, 86]
    for at in _beats(track, 0.42):
        if rng.random() < 0.8:
            track.add(pluck(midi(int(rng.choice(scale))), 1.6, 0.8, 0.15), at, 0.5)
    brush = noise(rng, track.seconds, 1500, 3500)
    track.add(brush * _swell(track, rng.uniform(0.9, 1.4), 0.0, 0.0), gain=0.06)


def history(rng: Generator, track: Track) -> None:
    """A lute in an old mode over slow drums and a drone."""
    root = int(rng.integers(45, 51))
    track.add(tone(midi(root - 12), track.seconds, (1, 0.5, 0.35, 0.2)), gain=0.16)
    for n, at in enumerate(_beats(track, 0.36)):
        step = int(rng.choice([0, 2, 3, 5, 7, 9, 10]))
        track.add(pluck(midi(root + 12 + step), 0.9, 0.35, 0.6), at, 0.4)
        if n % 4 == 0:
            track.add(thump(rng, 40, 130, 0.09), at, 1.2)


_SCORES = (astronomy, chess, cooking, football, gardening, history, jazz, mountains, painting)
SOUNDS: dict[str, Score] = {score.__name__: score for score in (*_SCORES, pets, sea, trains)}


def sound_of(topic: str, rng: Generator, seconds: float) -> Floats:
    """(seconds * RATE,) float32 in -1..1."""
    track = Track(seconds)
    SOUNDS[topic](rng, track)
    return track.finished()
