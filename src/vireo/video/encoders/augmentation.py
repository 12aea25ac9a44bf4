"""Random augmentation of frames: crop, horizontal flip, brightness, contrast and color."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

MIN_CROP = 0.5
"""Side of the smallest crop, as a share of the frame's side."""
BRIGHTNESS, CONTRAST, SATURATION = 0.25, 0.3, 0.4
"""Largest relative change."""
HUE = 0.8
"""Share of the views with a random hue rotation and a random tint."""
TINT = 0.5
"""Largest relative change of a color channel."""
GRAYSCALE = 0.1
"""Share of the views without color."""


def augment(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """(b, 3, r, r) float in 0..255 -> (b, 3, v, v) in the same range, each image on its own.

    v is two thirds of r, about the size of a crop, so that objects have the same size in training
    and inference (Touvron et al., FixRes, 2019), at less than half the work.
    """
    return _with_color_jitter(_cropped(pixels, generator), generator).clamp(0, 255)


def _cropped(pixels: Tensor, generator: torch.Generator) -> Tensor:
    count = len(pixels)
    side = MIN_CROP + (1 - MIN_CROP) * torch.rand(count, 1, generator=generator)
    sides = side * (0.85 + 0.15 * torch.rand(count, 2, generator=generator))  # (b, 2)
    shift = (1 - sides) * (2 * torch.rand(count, 2, generator=generator) - 1)
    mirror = torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0)
    maps = torch.zeros(count, 2, 3)
    maps[:, 0, 0], maps[:, 1, 1] = sides[:, 0] * mirror, sides[:, 1]
    maps[:, :, 2] = shift
    size = max(pixels.shape[-1] * 2 // 3, 1)
    grid = F.affine_grid(maps, [count, 3, size, size], align_corners=False)
    return F.grid_sample(pixels, grid, padding_mode="reflection", align_corners=False)


def _with_color_jitter(pixels: Tensor, generator: torch.Generator) -> Tensor:
    def factor(spread: float) -> Tensor:
        draw = torch.rand(len(pixels), 1, 1, 1, generator=generator)
        return 1 + spread * (2 * draw - 1)

    gray = pixels.mean(1, keepdim=True)
    pixels = gray + (pixels - gray) * factor(SATURATION)
    level = gray.mean((2, 3), keepdim=True)
    contrasted = level + (pixels - level) * factor(CONTRAST)
    return _with_hue_jitter(contrasted * factor(BRIGHTNESS), generator)


def _with_hue_jitter(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Colors rotated about the gray axis (Rodrigues' formula), tinted, or removed."""

    def draw(*shape: int) -> Tensor:
        return torch.rand(len(pixels), *shape, generator=generator)

    angle = (2 * draw() - 1) * math.pi * (draw() < HUE)
    root = 3**-0.5
    axis = torch.tensor([[0, -root, root], [root, 0, -root], [-root, root, 0]])
    sine, cosine = torch.sin(angle)[:, None, None], torch.cos(angle)[:, None, None]
    rotations = torch.eye(3) + sine * axis + (1 - cosine) * (axis @ axis)
    rotated = torch.einsum("nij,njhw->nihw", rotations, pixels)
    tints = 1 + TINT * (2 * draw(3, 1, 1) - 1) * (draw(1, 1, 1) < HUE)
    gray = rotated.mean(1, keepdim=True)
    return torch.where(draw(1, 1, 1) < GRAYSCALE, gray, rotated * tints)
