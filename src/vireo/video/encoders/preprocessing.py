"""Preprocessing: how a Transformers directory says that pixels enter; no image library needed."""

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
    """Side of the picture, factor, mean and spread per channel."""

    resolution: int
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, directory: Path, config: Any) -> Preprocessing:
        """From `preprocessor_config.json`, else from the model's own configuration."""
        about = _read(directory / "preprocessor_config.json")
        plain = not about.get("do_normalize", True)
        scale = float(about.get("rescale_factor", 1 / 255))
        return cls(
            resolution=_resolution(about, config),
            scale=scale if about.get("do_rescale", True) else 1.0,
            mean=(0.0,) * 3 if plain else tuple(about.get("image_mean", [0.5] * 3)),
            std=(1.0,) * 3 if plain else tuple(about.get("image_std", [0.5] * 3)),
        )

    def prepared(self, pixels: Bytes) -> Tensor:
        """(n, r, r, 3) uint8 RGB -> (n, 3, r, r) float32."""
        images = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float()
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (self.mean, self.std))
        return (images * self.scale - mean) / std


def _read(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found if isinstance(found, dict) else {}


def _resolution(about: dict[str, Any], config: Any) -> int:
    """The side that the model sees: after its own cropping, where it crops."""
    sizes = [about.get("crop_size") if about.get("do_center_crop") else None, about.get("size")]
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
