"""The sequence network over content: an item embedding is a projection of the video's frozen
features plus an ID embedding of bounded norm ("Let It Go?", 2025, arXiv:2507.19473)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vireo.interest.sequence.network import SequenceNetwork


class ContentNetwork(SequenceNetwork):
    """`item_embedding` and `item_bias` hold the ID parts.

    In training a random share `id_dropout` of the ID parts is zero, so that the content part alone
    has to predict those videos, as it does for cold items.
    """

    features: Tensor

    def __init__(
        self,
        features: Tensor,
        max_id_norm: float,
        id_dropout: float,
        dimension: int,
        n_blocks: int,
        n_heads: int,
        dropout: float,
        max_length: int,
        gated: bool = True,
    ) -> None:
        super().__init__(len(features), dimension, n_blocks, n_heads, dropout, max_length, gated)
        self.max_id_norm, self.id_dropout = max_id_norm, id_dropout
        self.register_buffer("features", features, persistent=False)
        self.content_projection = nn.Linear(features.shape[1], self.dimension)
        self.content_bias = nn.Linear(features.shape[1], 1)
        nn.init.zeros_(self.item_embedding.weight)

    def input_embeddings(self) -> Tensor:
        return self.content_embeddings(self.features) + self.id_embeddings() * self._id_mask()

    def output_biases(self) -> Tensor:
        return self.content_biases(self.features) + self.item_bias * self._id_mask()[:, 0]

    def content_embeddings(self, features: Tensor) -> Tensor:
        """(n, k) -> (n, d) unit rows: the whole embedding of a cold item."""
        return F.normalize(self.content_projection(features), dim=-1)

    def content_biases(self, features: Tensor) -> Tensor:
        """(n, k) -> (n,)"""
        biases: Tensor = self.content_bias(features)[:, 0]
        return biases

    def id_embeddings(self) -> Tensor:
        """(n, d) of norm at most `max_id_norm`."""
        weight = self.item_embedding.weight
        bounded: Tensor = weight * (self.max_id_norm / _norms(weight)).clamp(max=1.0)
        return bounded

    def _id_mask(self) -> Tensor:
        """(n, 1) 0: the ID part is dropped, else 1."""
        if not self.training:
            return torch.ones_like(self.item_bias)[:, None]
        return (torch.rand_like(self.item_bias) >= self.id_dropout).float()[:, None]


def _norms(rows: Tensor) -> Tensor:
    """(n, 1), never 0. The gradient of torch.norm is NaN at rows of zeros."""
    return (rows.square().sum(dim=1, keepdim=True) + 1e-12).sqrt()
