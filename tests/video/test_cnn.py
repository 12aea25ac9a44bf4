"""The trained encoder: separates two classes of drawn frames, and handles degenerate catalogues."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from vireo.arrays import Bytes, Floats, Ints
from vireo.engine import Context, NullProgress
from vireo.engine.base import EngineSection
from vireo.engine.serial import Serial
from vireo.errors import CorruptArtifact
from vireo.video import VideoSection
from vireo.video.encoders import contrastive_training
from vireo.video.encoders.cnn import CnnEncoder, provide
from vireo.video.encoders.contract import FrameEncoderContract
from vireo.video.encoders.contrastive_training import centered, train
from vireo.video.encoders.losses import nt_xent
from vireo.video.encoders.model_store import choose_encoder, store_encoder, training_id
from vireo.video.encoders.network import SIZES, new_network

SIDE = 48
SECTION = VideoSection(resolution=SIDE, frames=4)
SHAPE = SIZES["small"]


@dataclass
class Drawn:
    """A FrameSource (see video/base.py) in memory."""

    videos: list[Bytes]

    @property
    def counts(self) -> Ints:
        return np.array([len(video) for video in self.videos], dtype=np.int64)

    def pixels(self, row: int) -> Bytes:
        return self.videos[row]


@dataclass
class DrawnTraining:
    """A TrainingFrames (see video/base.py) of drawn frames."""

    frames: Drawn
    encoder_folder: Path
    digests: list[str]

    def at(self, resolution: int) -> Drawn:
        assert resolution == SIDE
        return self.frames

    def texts(self) -> Floats:
        return np.zeros((len(self.digests), 0), np.float32)


def families(count: int = 24, frames: int = 8, seed: int = 0) -> tuple[Drawn, Ints]:
    """Videos of warm rings and of cold crosses, in every place, before any background.

    All but shape and color is drawn at random for each frame, in the same way for both families:
    they are all that the frames of a video have in common, and most pixels show other things.
    """
    random = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % 2
    videos = [
        np.stack([_drawing(label, random) for _ in range(frames)]) for label in labels.tolist()
    ]
    return Drawn(videos), labels


def _drawing(label: int, random: np.random.Generator) -> Bytes:
    coarse = random.integers(0, 200, (4, 4, 3))
    pixels = np.kron(coarse, np.ones((SIDE // 4, SIDE // 4, 1))).astype(np.uint8)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    y, x = random.integers(12, SIDE - 12, 2)
    size = random.integers(6, 11)
    down, across = abs(rows - y), abs(columns - x)
    ring = abs(np.hypot(down, across) - size) < 1.5
    cross = (abs(down - across) < 2) & (down < size)
    strong, weak = random.integers(150, 256), random.integers(0, 120)
    pixels[ring if label else cross] = (strong, 120, weak) if label else (weak, 120, strong)
    return pixels


def context(folder: Path, seed: int = 0) -> Context:
    return Context(Serial(EngineSection()), folder / "cache", NullProgress(), seed)


def no_text(frames: Drawn) -> Floats:
    return np.zeros((len(frames.videos), 0), np.float32)


def nearest_share(encoder: CnnEncoder, frames: Drawn, labels: Ints) -> float:
    """Share of the videos whose nearest other video is of their own family."""
    means = np.stack([encoder.encode(video).mean(0) for video in frames.videos])
    means = means - means.mean(0)
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -2)
    return float((labels[similarity.argmax(1)] == labels).mean())


def separation(encoder: CnnEncoder, frames: Drawn, labels: Ints) -> float:
    """Mean cosine within the families less that between them, in the contrastive embedding."""
    half = SHAPE.dimension
    means = np.stack([encoder.encode(video)[:, :half].mean(0) for video in frames.videos])
    means = means - means.mean(0)
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    similarity, same = unit @ unit.T, labels[:, None] == labels
    return float(
        similarity[same & ~np.eye(len(unit), dtype=bool)].mean() - similarity[~same].mean()
    )


@cache
def trained() -> CnnEncoder:
    frames, _ = families()
    network = train(frames, no_text(frames), SHAPE, SIDE, context(Path()))
    return CnnEncoder(network, SECTION, "trained in the test")


class TestCnnContract(FrameEncoderContract):
    def encoder(self) -> CnnEncoder:
        return trained()


def test_training_separates_the_families_better_than_random_weights() -> None:
    frames, labels = families(count=60, seed=1)  # other videos than those of the training
    before = CnnEncoder(new_network(SHAPE, 0), SECTION, "random")
    assert nearest_share(trained(), frames, labels) >= 0.9  # chance is 0.5
    # nearest neighbours are easy here, for random weights too; how far families lie apart is not
    assert separation(trained(), frames, labels) > separation(before, frames, labels) + 0.02


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(contrastive_training, "MIN_STEPS", 4)
    frames, _ = families(count=6)
    pixels = frames.videos[0]

    def vectors(seed: int) -> bytes:
        network = train(frames, no_text(frames), SHAPE, SIDE, context(tmp_path, seed))
        return CnnEncoder(network, SECTION, "").encode(pixels).tobytes()

    torch.manual_seed(7)  # the state of the process does not matter
    first = vectors(3)
    assert first == vectors(3) != vectors(4)


@pytest.mark.parametrize(
    "videos",
    [
        [np.full((4, SIDE, SIDE, 3), 90, np.uint8)],
        [np.full((1, SIDE, SIDE, 3), 90, np.uint8)],
        [np.zeros((4, SIDE, SIDE, 3), np.uint8)] * 5,
        [np.zeros((0, SIDE, SIDE, 3), np.uint8)] * 2,
    ],
    ids=["one video", "one frame", "identical", "no frames"],
)
def test_poor_catalogues_give_finite_vectors(
    videos: list[Bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(contrastive_training, "MIN_STEPS", 10)
    frames = Drawn(videos)
    texts = np.zeros((len(videos), 3), np.float32)  # no text at all, with a text head
    network = train(frames, texts, SHAPE, SIDE, context(tmp_path))
    vectors = CnnEncoder(network, SECTION, "").encode(families()[0].videos[0])
    assert np.isfinite(vectors).all()


def test_frames_are_trained_towards_the_text(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(contrastive_training, "MIN_STEPS", 60)
    frames, labels = families(count=32)
    texts = np.eye(2, 5, dtype=np.float32)[labels]
    texts[:4] = 0  # four videos without text
    network = train(frames, texts, SHAPE, SIDE, context(tmp_path))
    encoder = CnnEncoder(network, SECTION, "")
    others, other_labels = families(count=60, seed=2)
    assert nearest_share(encoder, others, other_labels) >= 0.8  # chance is 0.5


def test_nt_xent_is_the_textbook_formula() -> None:
    random = np.random.default_rng(0)
    z = random.normal(size=(6, 4))
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    similarity = np.exp(unit @ unit.T / 0.5)
    expected = [
        -np.log(similarity[i, (i + 3) % 6] / (similarity[i].sum() - similarity[i, i]))
        for i in range(6)
    ]
    loss = nt_xent(torch.from_numpy(z).float(), 0.5).item()
    assert loss == pytest.approx(np.mean(expected), rel=1e-5)


def test_centering_keeps_absent_texts_absent() -> None:
    texts = np.array([[1, 0], [0, 1], [0, 0]], np.float32)
    moved = centered(texts)
    np.testing.assert_allclose(moved[0], [0.5**0.5, -(0.5**0.5)], rtol=1e-6)
    np.testing.assert_array_equal(moved[2], [0, 0])


def test_a_stored_encoder_is_found_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(contrastive_training, "MIN_STEPS", 3)
    frames, _ = families(count=4)
    training = DrawnTraining(frames, tmp_path / "encoder", ["a", "b", "c", "d"])
    first = provide(SECTION, training, context(tmp_path))
    monkeypatch.setattr("vireo.video.encoders.cnn.train", None)  # training again would fail
    again = provide(SECTION, training, context(tmp_path))
    grown = DrawnTraining(frames, tmp_path / "encoder", ["a", "b", "c", "d", "e"])
    assert first.fingerprint == again.fingerprint
    assert first.fingerprint == provide(SECTION, grown, context(tmp_path)).fingerprint
    (weights,) = (tmp_path / "encoder").glob("*/encoder.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(CorruptArtifact, match="differs from its manifest"):
        provide(SECTION, training, context(tmp_path))


def stored(folder: Path, digests: str, seed: int = 0, section: VideoSection = SECTION) -> str:
    return store_encoder(
        folder, section, seed, list(digests), {}, lambda path: path.touch()
    ).training


def chosen(folder: Path, digests: str, seed: int = 0) -> str | None:
    found = choose_encoder(folder, SECTION, seed, list(digests))
    return found.training if found else None


def test_the_encoder_trained_on_most_of_the_files_is_chosen(tmp_path: Path) -> None:
    small, large = stored(tmp_path, "abc"), stored(tmp_path, "abcdef")
    assert chosen(tmp_path, "abc") == small == training_id(SECTION, 0, list("cab"))
    assert chosen(tmp_path, "abcdef") == large
    assert chosen(tmp_path, "abcdefghi") == large  # trained on two thirds: just enough
    assert chosen(tmp_path, "abcdefghij") is None  # more than half as many again are new
    assert chosen(tmp_path, "xyz") is None
    assert chosen(tmp_path, "") is None


def test_other_settings_another_seed_or_a_broken_manifest_do_not_count(tmp_path: Path) -> None:
    stored(tmp_path, "abc", section=VideoSection(resolution=64))
    stored(tmp_path, "abc", seed=1)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "manifest.json").write_text('{"half": ')
    (tmp_path / ".left.123.tmp").mkdir()
    assert chosen(tmp_path, "abc") is None
    assert chosen(tmp_path, "abc", seed=1) is not None
