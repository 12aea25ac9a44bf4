"""Audio features: tones of known pitch and loudness, and an independent mel filterbank."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from transformers.audio_utils import mel_filter_bank

from tests.video.clips import RED, plain, write_clip
from vireo.arrays import Floats
from vireo.video import audio_features
from vireo.video.audio_features import DIMENSION, extract_audio, log_mel_statistics
from vireo.video.media import UnreadableMedia
from vireo.video.mel import BANDS, RATE, dequantize_log_mel, mel_filters, quantize_log_mel

LOUDNESS, SILENT, CROSSINGS, BRIGHT, FLAT = (3 * BANDS + i for i in (0, 2, 3, 5, 7))


def tone(hertz: float, seconds: float = 1.0, size: float = 0.5) -> Floats:
    time = np.arange(int(RATE * seconds)) / RATE
    return (size * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def test_the_filters_agree_with_those_of_transformers() -> None:
    theirs = mel_filter_bank(257, BANDS, 0.0, RATE / 2, RATE, norm=None, mel_scale="htk")
    np.testing.assert_allclose(mel_filters(), theirs.T, atol=1e-9)


@pytest.mark.parametrize("hertz", [300, 1000, 4000])
def test_a_tone_is_found_in_its_band(hertz: float) -> None:
    band = int(log_mel_statistics(tone(hertz))[:BANDS].argmax())
    assert band == int(mel_filters()[:, round(hertz / RATE * 512)].argmax())


def test_the_figures_of_a_tone_are_the_textbook_ones() -> None:
    vector = log_mel_statistics(tone(1000))
    assert vector.shape == (DIMENSION,)
    # a sine of 0.5 has a mean square of 0.125, which is -9.03 dB
    assert vector[LOUDNESS] * 50 == pytest.approx(-9.03, abs=0.1)
    assert vector[CROSSINGS] == pytest.approx(2 * 1000 / RATE, rel=0.05)
    assert vector[BRIGHT] == pytest.approx(1000 / 8000, rel=0.05)
    assert vector[SILENT] == 0


def test_noise_is_flat_and_a_tone_is_not() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    assert log_mel_statistics(noise)[FLAT] > 0.4 > 0.1 > log_mel_statistics(tone(1000))[FLAT]


def test_half_silence_is_half_silent() -> None:
    half = np.concatenate([tone(500), np.zeros(RATE, np.float32)])
    assert log_mel_statistics(half)[SILENT] == pytest.approx(0.5, abs=0.02)
    assert np.isfinite(log_mel_statistics(np.zeros(RATE, np.float32))).all()


def test_the_audio_of_a_file(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", plain(RED), tone=1000)
    features = extract_audio(path)
    assert features is not None
    assert features.error == ""
    assert features.vector[:BANDS].argmax() == log_mel_statistics(tone(1000))[:BANDS].argmax()


def test_a_file_without_audio_has_no_features(tmp_path: Path) -> None:
    assert extract_audio(write_clip(tmp_path / "a.mp4", plain(RED))) is None


def test_long_audio_is_sampled_in_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio_features, "MAX_SECONDS", 1.0)
    path = write_clip(tmp_path / "a.mp4", plain(RED), tone=1000, frames=60)
    features = extract_audio(path)
    assert features is not None
    assert features.vector[:BANDS].argmax() == log_mel_statistics(tone(1000))[:BANDS].argmax()
    parts = audio_features._segments(60.0)
    assert sum(length for _, length in parts) == pytest.approx(1.0)
    assert parts[0][0] > 0
    assert parts[-1][0] + parts[-1][1] < 60.0


def test_a_bad_file_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF junk")
    with pytest.raises(UnreadableMedia):
        extract_audio(tmp_path / "a.wav")


def test_packed_bands_are_the_logarithms_that_the_statistics_average() -> None:
    wave = tone(1000, seconds=2.0)
    bands = dequantize_log_mel(quantize_log_mel(wave))
    assert bands.shape == (99, BANDS)  # 198 windows, averaged in pairs
    np.testing.assert_allclose(bands.mean(axis=0)[8:20], log_mel_statistics(wave)[8:20], atol=0.06)
