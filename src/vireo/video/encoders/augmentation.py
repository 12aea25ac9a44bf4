"""Two looks at the same frame: random crop, mirror, light and colour, drawn from a generator."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

SMALLEST_CROP = 0.5
"""Side of the smallest crop, as a share of the frame's side."""
LIGHT, CONTRAST, COLOUR = 0.25, 0.3, 0.4
HUE = 0.8
"""Share of the views whose colours are turned by any angle, each channel lighter or darker."""
TINT = 0.5
"""How much lighter or darker a channel gets at most."""
GREY = 0.1
"""Share of the views without colour."""


def view(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """(b, 3, r, r) float in 0..255 -> (b, 3, v, v) in the same range, each picture on its own.

    v is two thirds of r: about as many pixels as a crop holds, so that things keep their size
    between training and use (Touvron et al., FixRes, 2019), at less than half the work.
    """
    return _coloured(_cropped(pixels, generator), generator).clamp(0, 255)


def _cropped(pixels: Tensor, generator: torch.Generator) -> Tensor:
    count = len(pixels)
    side = SMALLEST_CROP + (1 - SMALLEST_CROP) * torch.rand(count, 1, generator=generator)
    sides = side * (0.85 + 0.15 * torch.rand(count, 2, generator=generator))  # (b, 2)
    shift = (1 - sides) * (2 * torch.rand(count, 2, generator=generator) - 1)
    mirror = torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0)
    maps = torch.zeros(count, 2, 3)
    maps[:, 0, 0], maps[:, 1, 1] = sides[:, 0] * mirror, sides[:, 1]
    maps[:, :, 2] = shift
    size = max(pixels.shape[-1] * 2 // 3, 1)
    grid = F.affine_grid(maps, [count, 3, size, size], align_corners=False)
    return F.grid_sample(pixels, grid, padding_mode="reflection", align_corners=False)


def _coloured(pixels: Tensor, generator: torch.Generator) -> Tensor:
    def factor(spread: float) -> Tensor:
        draw = torch.rand(len(pixels), 1, 1, 1, generator=generator)
        return 1 + spread * (2 * draw - 1)

    grey = pixels.mean(1, keepdim=True)
    pixels = grey + (pixels - grey) * factor(COLOUR)
    level = grey.mean((2, 3), keepdim=True)
    return _hued((level + (pixels - level) * factor(CONTRAST)) * factor(LIGHT), generator)


def _hued(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Colours turned about the grey axis (Rodrigues' rotation), tinted, or taken away."""

    def draw(*shape: int) -> Tensor:
        return torch.rand(len(pixels), *shape, generator=generator)

    angle = (2 * draw() - 1) * math.pi * (draw() < HUE)
    root = 3**-0.5
    axis = torch.tensor([[0, -root, root], [root, 0, -root], [-root, root, 0]])
    sine, cosine = torch.sin(angle)[:, None, None], torch.cos(angle)[:, None, None]
    turns = torch.eye(3) + sine * axis + (1 - cosine) * (axis @ axis)
    turned = torch.einsum("nij,njhw->nihw", turns, pixels)
    tints = 1 + TINT * (2 * draw(3, 1, 1) - 1) * (draw(1, 1, 1) < HUE)
    grey = turned.mean(1, keepdim=True)
    return torch.where(draw(1, 1, 1) < GREY, grey, turned * tints)
