"""Contrastive loss of the frame and video encoders."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

TEMPERATURE = 0.2


def nt_xent(projections: Tensor, temperature: float) -> Tensor:
    """(2b, p) -> NT-Xent loss (Chen et al., SimCLR, 2020); rows i and i + b are positives."""
    unit = F.normalize(projections)
    similarity = unit @ unit.T / temperature
    similarity = similarity.masked_fill(torch.eye(len(unit), dtype=torch.bool), -1e9)
    half = len(unit) // 2
    positives = torch.arange(len(unit)).roll(half)
    return F.cross_entropy(similarity, positives)
