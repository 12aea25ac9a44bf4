"""The temporal transformer: it learns the order of frames, and is stored with its encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tests.video.clips import BLUE, GREEN, RED, plain, tables_of, write_clip
from tests.video.test_build import made
from vireo.arrays import Bytes, Ints
from vireo.config import Config
from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.serial import Serial
from vireo.video.encoders import contrastive_training
from vireo.video.encoders import temporal_transformer as module
from vireo.video.encoders.temporal_transformer import (
    TemporalTransformer,
    positional_encoding,
    relative_times,
    train_temporal_transformer,
)

DIMENSION, FRAMES = 16, 8


class TwoScenes:
    """Videos of two scenes, in the other order in odd rows."""

    counts: Ints = np.full(24, FRAMES)

    def pixels(self, row: int) -> Bytes:
        """(FRAMES, 4, 4, 3): two scenes in either order; a shade per pair of videos."""
        scenes = np.repeat([0, 1], FRAMES // 2)
        order = scenes if row % 2 == 0 else scenes[::-1]
        frames = np.zeros((FRAMES, 4, 4, 3), np.uint8)
        frames[..., 0] = np.where(order == 0, 40, 200)[:, None, None]
        frames[..., 1] = 10 * (row // 2)
        return frames


def embed(pixels: torch.Tensor) -> torch.Tensor:
    """Colors through fixed waves: (b, 3, r, r) -> (b, DIMENSION)."""
    means = pixels.mean((2, 3)) / 255
    waves = torch.linspace(0.5, 6.0, DIMENSION)
    return torch.cos(means[:, :1] * waves) + torch.cos(means[:, 1:2] * waves.flip(0))


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(Serial(EngineSection()), tmp_path / "cache", NullProgress(), 0)


def test_the_order_of_the_frames_matters(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean of the frames is the same in both directions; the transformer separates them."""
    monkeypatch.setattr(
        module, "augment", lambda images, generator: images
    )  # the colors are the content
    monkeypatch.setattr(module, "STEPS", 60)
    transformer = train_temporal_transformer(TwoScenes(), embed, DIMENSION, context)
    times = np.arange(FRAMES, dtype=np.float32)
    rows = [
        embed(torch.from_numpy(TwoScenes().pixels(r)).permute(0, 3, 1, 2).float()) for r in (0, 1)
    ]
    forth, back = (transformer.pool(row.numpy(), times) for row in rows)
    again = transformer.pool(
        rows[0].numpy()[::2], times[::2]
    )  # every other frame of the same video
    assert np.linalg.norm(forth) == pytest.approx(1.0, abs=1e-5)
    assert forth @ again > forth @ back
    assert forth @ again > 0.8
    second = train_temporal_transformer(TwoScenes(), embed, DIMENSION, context)
    assert second.pool(rows[0].numpy(), times).tobytes() == forth.tobytes()


def test_no_frames_and_one_frame() -> None:
    transformer = TemporalTransformer(DIMENSION).eval()
    one = np.ones((1, DIMENSION), np.float32)
    assert not transformer.pool(one[:0], np.zeros(0, np.float32)).any()
    assert np.isfinite(transformer.pool(one, np.zeros(1, np.float32))).all()


def test_times_are_relative_to_the_video() -> None:
    short, long = torch.tensor([2.0, 3.0, 4.0]), torch.tensor([0.0, 50.0, 100.0])
    torch.testing.assert_close(relative_times(short), relative_times(long))
    waves = positional_encoding(relative_times(short)[None], DIMENSION)
    assert waves.shape == (1, 3, DIMENSION)
    torch.testing.assert_close(F.normalize(waves, dim=-1).norm(dim=-1), torch.ones(1, 3))


def test_the_stage_trains_it_once_and_stores_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contrastive_training, "MIN_STEPS", 3)
    monkeypatch.setattr(module, "STEPS", 3)
    colors = {"red": RED, "green": GREEN, "blue": BLUE}
    clips = {n: write_clip(tmp_path / f"{n}.mp4", plain(c)) for n, c in colors.items()}
    video = {"resolution": 32, "frames": 4, "pooling": ["mean", "transformer"]}
    config = Config.of({"video": video})
    first = made(tables_of(clips), tmp_path, config)
    half = first.picture.shape[1] // 2
    assert first.picture[:, half:].any(axis=1).all()
    # a second training would fail
    monkeypatch.setattr("vireo.video.encoders.cnn.train_temporal_transformer", None)
    again = made(tables_of(clips), tmp_path, config)
    assert again.picture.tobytes() == first.picture.tobytes()
    assert again.info["reused"] == "3"
