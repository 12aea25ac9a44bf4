"""Hugging Face vision models: small ones with random weights, made here."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    AutoModel,
    CLIPVisionConfig,
    CLIPVisionModel,
    ResNetConfig,
    ResNetModel,
    SiglipVisionConfig,
    SiglipVisionModel,
    VideoMAEConfig,
    VideoMAEModel,
    ViTConfig,
    ViTModel,
)

from vireo.engine import Context, NullProgress
from vireo.engine.base import EngineSection
from vireo.engine.serial import Serial
from vireo.errors import InputError
from vireo.video import VideoSection
from vireo.video.base import FrameEncoder
from vireo.video.encode import frame_vectors
from vireo.video.encoders.contract import FrameEncoderContract, sample_pixels
from vireo.video.encoders.hub import load, provide


def vit(folder: Path, pooler: bool = True, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    config = ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=32,
        patch_size=8,
    )
    ViTModel(config, add_pooling_layer=pooler).save_pretrained(folder)
    about = {
        "image_mean": [0.4, 0.5, 0.6],
        "image_std": [0.2, 0.2, 0.2],
        "rescale_factor": 1 / 255,
        "size": {"height": 32, "width": 32},
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(about))
    return folder


def resnet(folder: Path) -> Path:
    torch.manual_seed(0)
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1])
    ResNetModel(config).save_pretrained(folder)
    about: dict[str, Any] = {"size": {"shortest_edge": 40}}
    about |= {"crop_size": {"height": 32, "width": 32}, "do_center_crop": True}
    (folder / "preprocessor_config.json").write_text(json.dumps(about))
    return folder


class _OfDirectory(FrameEncoderContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path


class TestVitContract(_OfDirectory):
    def encoder(self) -> FrameEncoder:
        return load(vit(self.folder))


class TestResnetContract(_OfDirectory):
    def encoder(self) -> FrameEncoder:
        return load(resnet(self.folder))


SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "image_size": 32,
    "patch_size": 8,
}


def tower(folder: Path, model: Any, config: Any) -> Path:
    torch.manual_seed(0)
    model(config(**SMALL)).save_pretrained(folder)
    return folder


class TestClipTowerContract(_OfDirectory):
    def encoder(self) -> FrameEncoder:
        return load(tower(self.folder, CLIPVisionModel, CLIPVisionConfig))


class TestSiglipTowerContract(_OfDirectory):
    def encoder(self) -> FrameEncoder:
        return load(tower(self.folder, SiglipVisionModel, SiglipVisionConfig))


def videomae(folder: Path) -> Path:
    torch.manual_seed(0)
    VideoMAEModel(VideoMAEConfig(**SMALL, num_frames=4, tubelet_size=2)).save_pretrained(folder)
    return folder


def test_a_film_model_sees_the_frames_together(tmp_path: Path) -> None:
    encoder = load(videomae(tmp_path))
    pixels = sample_pixels(32)
    vector = encoder.encode(pixels[:4])
    assert vector.shape == (1, encoder.dimension) == (1, 16)
    assert np.abs(encoder.encode(pixels[3::-1]) - vector).max() > 1e-3  # the order counts
    sequence = torch.from_numpy((pixels[:4] / 255 - 0.5) / 0.5).permute(0, 3, 1, 2)[None].float()
    with torch.inference_mode():
        expected = AutoModel.from_pretrained(tmp_path).eval()(sequence).last_hidden_state.mean(1)
    np.testing.assert_allclose(vector, expected.numpy(), atol=1e-5)


def test_a_video_model_repeats_few_frames_and_samples_many(tmp_path: Path) -> None:
    encoder = load(videomae(tmp_path))
    pixels = sample_pixels(32)
    assert encoder.encode(pixels[:0]).shape == (0, 16)
    still = encoder.encode(np.repeat(pixels[3:4], 4, axis=0))
    np.testing.assert_allclose(encoder.encode(pixels[3:4]), still, atol=1e-6)
    np.testing.assert_allclose(encoder.encode(np.repeat(pixels[3:4], 40, axis=0)), still, atol=1e-6)
    two = frame_vectors(encoder, np.repeat(pixels[:4], 2, axis=0), crops=2)
    np.testing.assert_allclose(two, encoder.encode(pixels[:4]), atol=1e-6)


def test_pixels_are_preprocessed_by_the_configuration(tmp_path: Path) -> None:
    encoder = load(vit(tmp_path))
    assert (encoder.resolution, encoder.dimension) == (32, 16)
    pixels = sample_pixels(32)
    values = (pixels / 255 - np.array([0.4, 0.5, 0.6])) / 0.2
    images = torch.from_numpy(values.transpose(0, 3, 1, 2)).float()
    with torch.inference_mode():
        expected = AutoModel.from_pretrained(tmp_path).eval()(images).pooler_output
    np.testing.assert_allclose(encoder.encode(pixels), expected.numpy(), atol=1e-5)


def test_without_a_trained_pooler_the_tokens_are_averaged(tmp_path: Path) -> None:
    encoder = load(vit(tmp_path, pooler=False))
    same = load(tmp_path)
    np.testing.assert_array_equal(encoder.encode(sample_pixels(32)), same.encode(sample_pixels(32)))


def test_the_crop_is_the_resolution_where_there_is_one(tmp_path: Path) -> None:
    encoder = load(resnet(tmp_path))
    assert (encoder.resolution, encoder.dimension) == (32, 16)


def test_other_weights_are_another_encoder(tmp_path: Path) -> None:
    first = load(vit(tmp_path / "a")).fingerprint
    assert first == load(vit(tmp_path / "b")).fingerprint
    assert first != load(vit(tmp_path / "b", seed=1)).fingerprint


def test_a_missing_or_invalid_model_is_an_error(tmp_path: Path) -> None:
    context = Context(Serial(EngineSection()), tmp_path, NullProgress(), 0)
    give = partial(provide, frames=None, context=context)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="needs a model"):
        give(VideoSection(model=""))
    with pytest.raises(InputError, match="cannot be loaded"):
        give(VideoSection(model=str(tmp_path)))
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match="cannot be loaded"):
        give(VideoSection(model=str(tmp_path)))
