"""The network that hears: drawn sounds are known again, whatever was done to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tests.video.clips import BLUE, GREEN, RED, plain, tables_of, write_clip
from vireo.arrays import Bytes, Floats, unit_rows
from vireo.config import Config
from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.serial import Serial
from vireo.video.audio_encoders.cnn import DIMENSION, LENGTH, Network, fresh, heard_by, train, view
from vireo.video.base import VideoFeatures, VideoSection
from vireo.video.build import build, recipe
from vireo.video.mel import BANDS, FAINTEST, RATE, levels, packed

SECONDS, SOUNDS, VIEWS = 3, 24, 4


def drawn(seed: int) -> list[Bytes]:
    """Sounds of their own: three tones each, at pitches and in rhythms of their own."""
    random = np.random.default_rng(seed)
    return [packed(_pulses(random)) for _ in range(SOUNDS)]


def _pulses(random: np.random.Generator) -> Floats:
    time = np.arange(SECONDS * RATE) / RATE
    wave = np.zeros(len(time))
    for _ in range(3):
        pitch, beat, share = (random.uniform(*span) for span in ((2.2, 3.6), (2, 8), (0.2, 0.8)))
        wave += 0.1 * np.sin(2 * np.pi * 10**pitch * time) * (time * beat % 1 < share)
    return wave.astype(np.float32)


def context(folder: Path, seed: int = 0) -> Context:
    return Context(Serial(EngineSection()), folder / "cache", NullProgress(), seed)


def none(count: int) -> Floats:
    return np.zeros((count, 0), np.float32)


def found(network: Network, sounds: list[Bytes]) -> float:
    """Share of altered seconds whose nearest second, altered otherwise, is of the same sound."""
    random = np.random.default_rng(9)
    rows = [view(sound, random) for _ in range(2) for sound in sounds for _ in range(VIEWS)]
    with torch.inference_mode():
        vectors = F.normalize(network(torch.from_numpy(np.stack(rows)))).numpy()
    one, other = np.split(unit_rows(vectors - vectors.mean(axis=0)), 2)
    labels = np.repeat(np.arange(len(sounds)), VIEWS)
    return float((labels[(one @ other.T).argmax(axis=1)] == labels).mean())


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return train(drawn(seed=1), none(SOUNDS), context(tmp_path_factory.mktemp("learnt")))


def test_sounds_that_it_never_heard_are_known_again_when_altered(learnt: Network) -> None:
    sounds = drawn(seed=2)
    trained, untrained = found(learnt, sounds), found(fresh(0).eval(), sounds)
    assert trained >= 0.88  # chance is 0.03
    assert untrained <= trained - 0.1


def test_the_same_seed_gives_the_same_network(tmp_path: Path) -> None:
    first, again = (train(drawn(seed=1)[:4], none(4), context(tmp_path)) for _ in range(2))
    for name, value in first.state_dict().items():
        assert value.equal(again.state_dict()[name]), name


def test_silence_and_a_single_moment_have_finite_vectors(learnt: Network) -> None:
    for wave in (np.zeros(RATE, np.float32), np.full(RATE // 10, 0.5, np.float32)):
        vector = heard_by(learnt, packed(wave))
        assert vector.shape == (2 * DIMENSION,)
        assert np.isfinite(vector).all()


def test_a_view_is_a_patch_of_the_sound_altered_within_bounds() -> None:
    noise = np.random.default_rng(0).normal(0, 0.3, 2 * RATE)
    sound = packed(noise.astype(np.float32))
    seen = view(sound, np.random.default_rng(3))
    assert seen.shape == (BANDS, LENGTH)
    assert seen.min() >= FAINTEST
    assert abs(np.median(seen) - np.median(levels(sound))) < 1.0


def made(folder: Path, paths: dict[str, Path]) -> tuple[VideoFeatures, dict[str, object]]:
    config = Config(video=VideoSection(audio_encoder="network", resolution=32, frames=2))
    tables = tables_of(paths)
    features = build(tables, config.video, config.language, context(folder), folder / "encoders")
    return features, recipe(tables.media, config.video, folder / "encoders", 0)


def test_a_build_with_it_learns_once_and_keeps_what_it_heard(tmp_path: Path) -> None:
    paths = {
        "low": write_clip(tmp_path / "low.mp4", plain(RED), tone=300),
        "high": write_clip(tmp_path / "high.mp4", plain(GREEN), tone=2000),
        "mute": write_clip(tmp_path / "mute.mp4", plain(BLUE)),
    }
    before = recipe(
        tables_of(paths).media, VideoSection(audio_encoder="network"), tmp_path / "none", 0
    )
    first, known = made(tmp_path, paths)
    assert first.sound.shape == (3, 2 * DIMENSION)
    assert first.has_sound.tolist() == [True, True, False]
    assert not first.sound[2].any()
    assert before["audio_encoder"] != "statistics"
    kept = sorted((tmp_path / "encoders" / "ears").rglob("*.safetensors"))
    again, still = made(tmp_path, paths)
    assert again.sound.tobytes() == first.sound.tobytes()
    assert still == known
    assert sorted((tmp_path / "encoders" / "ears").rglob("*.safetensors")) == kept
    assert len(kept) == 1
