"""The network that reads content: a video's vector is what its frozen features say, plus a bounded
part of its own ("Let It Go?", 2025, arXiv:2507.19473)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vireo.interest.sequence.network import SequenceNetwork


class ContentNetwork(SequenceNetwork):
    """`vectors` and `bias` are the own parts; while learning, some videos' own are hidden, so that
    the features alone have to point at them, as they will at new videos."""

    features: Tensor

    def __init__(
        self,
        features: Tensor,
        bound: float,
        hidden: float,
        dimension: int,
        blocks: int,
        heads: int,
        dropout: float,
        length: int,
        gated: bool = True,
    ) -> None:
        super().__init__(len(features), dimension, blocks, heads, dropout, length, gated)
        self.bound, self.hidden = bound, hidden
        self.register_buffer("features", features, persistent=False)
        self.told = nn.Linear(features.shape[1], self.dimension)
        self.liked = nn.Linear(features.shape[1], 1)
        nn.init.zeros_(self.vectors.weight)

    def rows(self) -> Tensor:
        return self.from_content(self.features) + self.own() * self._shown()

    def biases(self) -> Tensor:
        return self.liking(self.features) + self.bias * self._shown()[:, 0]

    def from_content(self, features: Tensor) -> Tensor:
        """(n, k) -> (n, d) of length 1: all that is known of a new video."""
        return F.normalize(self.told(features), dim=-1)

    def liking(self, features: Tensor) -> Tensor:
        """(n, k) -> (n,) how liked videos of this kind are."""
        liking: Tensor = self.liked(features)[:, 0]
        return liking

    def own(self) -> Tensor:
        """(n, d) no longer than `bound`."""
        own = self.vectors.weight
        bounded: Tensor = own * (self.bound / _lengths(own)).clamp(max=1.0)
        return bounded

    def _shown(self) -> Tensor:
        """(n, 1) 0 for those whose own part is hidden."""
        if not self.training:
            return torch.ones_like(self.bias)[:, None]
        return (torch.rand_like(self.bias) >= self.hidden).float()[:, None]


def _lengths(rows: Tensor) -> Tensor:
    """(n, 1), never 0. Not the norm's own gradient, which is not a number at rows of zeros."""
    return (rows.square().sum(dim=1, keepdim=True) + 1e-12).sqrt()
