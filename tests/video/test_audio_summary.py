"""Loudness, speech and tempo of synthesized and real audio."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.real_data import data_folder
from vireo.arrays import Floats
from vireo.video.audio_features import extract_audio
from vireo.video.audio_summary import RATE, summarize_audio

SECONDS = np.arange(12 * RATE) / RATE


def tone(level: float, hertz: float = 200.0) -> Floats:
    return (level * np.sin(2 * np.pi * hertz * SECONDS)).astype(np.float32)


def noise(level: float) -> Floats:
    return (level * np.random.default_rng(0).normal(size=len(SECONDS))).astype(np.float32)


def clicks(beats: float) -> Floats:
    wave = np.zeros(len(SECONDS), np.float32)
    click = noise(0.4)[:800] * np.exp(-np.arange(800) / 150)
    for start in (np.arange(0, 11.9, 60 / beats) * RATE).astype(int):
        wave[start : start + 800] += click[: len(wave) - start]
    return wave


def test_loudness_is_the_mean_power_below_full_scale() -> None:
    assert summarize_audio(tone(1.0)).loudness == pytest.approx(-3.0, abs=0.1)
    assert summarize_audio(tone(0.1)).loudness == pytest.approx(-23.0, abs=0.1)
    assert summarize_audio(np.zeros(RATE, np.float32)).loudness == -100


@pytest.mark.parametrize("beats", [60, 90, 120])
def test_the_tempo_of_clicks(beats: int) -> None:
    assert summarize_audio(clicks(beats)).tempo == pytest.approx(beats, rel=0.02)


@pytest.mark.parametrize("wave", [tone(0.5), noise(0.1), np.zeros(RATE, np.float32)])
def test_what_is_neither_speech_nor_rhythm(wave: Floats) -> None:
    assert summarize_audio(wave)[1:] == (0.0, 0.0)


def test_rhythm_is_no_speech() -> None:
    assert summarize_audio(clicks(120)).speech == 0.0


def test_real_speech_is_speech() -> None:
    talk = extract_audio(data_folder("clips") / "speech" / "jfk.flac")
    assert talk is not None
    assert talk.summary.speech >= 0.4  # a speech with long pauses


def test_a_file_says_how_it_sounds(tmp_path: Path) -> None:
    assert extract_audio(data_folder("clips") / "misc" / "making_cake.mp4") is None
