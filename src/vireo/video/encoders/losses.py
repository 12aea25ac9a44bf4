"""Contrast: what belongs together should be nearer than what does not."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

TEMPERATURE = 0.2


def nt_xent(projections: Tensor, temperature: float) -> Tensor:
    """(2b, p) -> the mean cross-entropy of finding one's other view among all the others."""
    unit = F.normalize(projections)
    likeness = unit @ unit.T / temperature
    likeness = likeness.masked_fill(torch.eye(len(unit), dtype=torch.bool), -1e9)
    half = len(unit) // 2
    others = torch.arange(len(unit)).roll(half)
    return F.cross_entropy(likeness, others)
