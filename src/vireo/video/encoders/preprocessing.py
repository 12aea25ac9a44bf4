"""Pixel preprocessing of a Transformers model, from its configuration; needs no image library."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vireo.arrays import Bytes

DEFAULT_RESOLUTION = 224


@dataclass(frozen=True)
class Preprocessing:
    """Side of the image; factor of the pixels; mean and standard deviation per channel."""

    resolution: int
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, directory: Path, config: Any) -> Preprocessing:
        """From `preprocessor_config.json`, else from the configuration of the model."""
        settings = _read(directory / "preprocessor_config.json")
        unnormalized = not settings.get("do_normalize", True)
        scale = float(settings.get("rescale_factor", 1 / 255))
        return cls(
            resolution=_resolution(settings, config),
            scale=scale if settings.get("do_rescale", True) else 1.0,
            mean=(0.0,) * 3 if unnormalized else tuple(settings.get("image_mean", [0.5] * 3)),
            std=(1.0,) * 3 if unnormalized else tuple(settings.get("image_std", [0.5] * 3)),
        )

    def prepare(self, pixels: Bytes) -> Tensor:
        """(n, r, r, 3) uint8 RGB -> (n, 3, r, r) float32."""
        images = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float()
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (self.mean, self.std))
        return (images * self.scale - mean) / std


def _read(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found if isinstance(found, dict) else {}


def _resolution(settings: dict[str, Any], config: Any) -> int:
    """Side of the model's input, after its center crop if it has one."""
    sizes = [
        settings.get("crop_size") if settings.get("do_center_crop") else None,
        settings.get("size"),
    ]
    for size in (*sizes, getattr(config, "image_size", None)):
        side = _side(size)
        if side:
            return side
    return DEFAULT_RESOLUTION


def _side(size: Any) -> int:
    if isinstance(size, dict):
        size = size.get("height") or size.get("shortest_edge")
    if isinstance(size, (list, tuple)):
        size = size[0] if size else None
    return int(size) if size else 0
