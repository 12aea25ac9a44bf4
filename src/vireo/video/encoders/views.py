"""Two looks at the same frame: random crop, mirror, light and colour, drawn from a generator."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

SMALLEST_CROP = 0.5
"""Side of the smallest crop, as a share of the frame's side."""
LIGHT, CONTRAST, COLOUR = 0.25, 0.3, 0.4


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
    return (level + (pixels - level) * factor(CONTRAST)) * factor(LIGHT)
