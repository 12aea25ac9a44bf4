"""Hugging Face vision models: small ones with random weights, made here."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel, ResNetConfig, ResNetModel, ViTConfig, ViTModel

from vireo.engine import Context, Quiet
from vireo.engine.base import EngineSection
from vireo.engine.serial import Serial
from vireo.errors import InputError
from vireo.video import VideoSection
from vireo.video.encoders.contract import FrameEncoderContract, pictures
from vireo.video.encoders.hub import HubEncoder, provide


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
    def encoder(self) -> HubEncoder:
        return HubEncoder(vit(self.folder))


class TestResnetContract(_OfDirectory):
    def encoder(self) -> HubEncoder:
        return HubEncoder(resnet(self.folder))


def test_pixels_are_prepared_as_the_directory_says(tmp_path: Path) -> None:
    encoder = HubEncoder(vit(tmp_path))
    assert (encoder.resolution, encoder.dimension) == (32, 16)
    pixels = pictures(32)
    values = (pixels / 255 - np.array([0.4, 0.5, 0.6])) / 0.2
    images = torch.from_numpy(values.transpose(0, 3, 1, 2)).float()
    with torch.inference_mode():
        expected = AutoModel.from_pretrained(tmp_path).eval()(images).pooler_output
    np.testing.assert_allclose(encoder.encode(pixels), expected.numpy(), atol=1e-5)


def test_without_a_trained_pooler_the_tokens_are_averaged(tmp_path: Path) -> None:
    encoder = HubEncoder(vit(tmp_path, pooler=False))
    same = HubEncoder(tmp_path)
    np.testing.assert_array_equal(encoder.encode(pictures(32)), same.encode(pictures(32)))


def test_the_crop_is_the_resolution_where_there_is_one(tmp_path: Path) -> None:
    encoder = HubEncoder(resnet(tmp_path))
    assert (encoder.resolution, encoder.dimension) == (32, 16)


def test_other_weights_are_another_encoder(tmp_path: Path) -> None:
    first = HubEncoder(vit(tmp_path / "a")).fingerprint
    assert first == HubEncoder(vit(tmp_path / "b")).fingerprint
    assert first != HubEncoder(vit(tmp_path / "b", seed=1)).fingerprint


def test_what_is_no_model_says_so(tmp_path: Path) -> None:
    context = Context(Serial(EngineSection()), tmp_path, Quiet(), 0)
    give = partial(provide, footage=None, context=context)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="needs a model"):
        give(VideoSection(model=""))
    with pytest.raises(InputError, match="cannot be loaded"):
        give(VideoSection(model=str(tmp_path)))
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match="cannot be loaded"):
        give(VideoSection(model=str(tmp_path)))
