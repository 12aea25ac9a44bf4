"""The sequence network: gated causal attention over item embeddings, with tied outputs.

Pre-norm blocks with a gate on the attention output (as in HSTU, Zhai et al. 2024, and LiGR,
Borisyuk et al. 2025: without it, deeper networks learn badly), rotary positions (Su et al. 2021),
SwiGLU feed-forward layers (Shazeer 2020). A logit is the cosine of the output state and the item
embedding over a learned temperature, plus an item bias. Dimensions: b batch, l length, d embedding.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vireo.interest.sequence.windows import GAP_BUCKETS

_INITIAL_TEMPERATURE = 0.08
_ROTARY_BASE = 200.0


class Block(nn.Module):
    """x + gated attention, then x + SwiGLU. (b, l, d) -> (b, l, d)"""

    def __init__(self, dimension: int, n_heads: int, dropout: float, gated: bool = True) -> None:
        super().__init__()
        self.dimension, self.n_heads, self.dropout = dimension, n_heads, dropout
        self.head_size = dimension // n_heads
        self.scale = 1.0 / math.sqrt(self.head_size)
        self.attention_norm = nn.RMSNorm(dimension)
        self.feed_forward_norm = nn.RMSNorm(dimension)
        self.input_projection = nn.Linear(dimension, (4 if gated else 3) * dimension, bias=False)
        self.output_projection = nn.Linear(dimension, dimension, bias=False)
        self.up = nn.Linear(dimension, 4 * dimension, bias=False)
        self.down = nn.Linear(2 * dimension, dimension, bias=False)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        query, key, value, *gate = self._heads(self.input_projection(self.attention_norm(x)))
        query, key = self._rotated(query, cosine, sine), self._rotated(key, cosine, sine)
        found = F.scaled_dot_product_attention(query, key, value, is_causal=True, scale=self.scale)
        output = self.output_projection(_gated(found, gate).transpose(1, 2).reshape_as(x))
        return self._feed_forward(x + F.dropout(output, self.dropout, self.training))

    def forward_at(self, x: Tensor, positions: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """The output of `forward` at one position per row, without the others. -> (b, d)"""
        index = positions[:, None, None]
        rows = index.expand(-1, -1, self.dimension)
        normed, x_at = self.attention_norm(x), x.gather(1, rows)
        query, _, _, *gate = self._heads(self.input_projection(normed.gather(1, rows)))
        key_value = self.input_projection.weight[self.dimension : 3 * self.dimension]
        key, value = self._heads(F.linear(normed, key_value))
        query = self._rotated(query, cosine[index], sine[index])
        visible = torch.arange(x.shape[1], device=x.device) <= index[:, None]
        mask = torch.where(visible, 0.0, -torch.inf)  # as floats: fewer nodes in the ONNX graph
        found = F.scaled_dot_product_attention(
            *(query, self._rotated(key, cosine, sine), value), attn_mask=mask, scale=self.scale
        )
        output = self.output_projection(_gated(found, gate).transpose(1, 2).reshape_as(x_at))
        return self._feed_forward((x_at + output)[:, 0])

    def _heads(self, x: Tensor) -> Tensor:
        """(b, l, k d) -> (k, b, heads, l, d / heads)"""
        b, length, _ = x.shape
        return x.view(b, length, -1, self.n_heads, self.head_size).permute(2, 0, 3, 1, 4)

    def _rotated(self, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """Rotary positions on the last axis; its first half pairs with its second."""
        one, two = torch.split(x, self.head_size // 2, dim=-1)
        return torch.cat([one * cosine - two * sine, one * sine + two * cosine], dim=-1)

    def _feed_forward(self, x: Tensor) -> Tensor:
        gate, up = torch.split(self.up(self.feed_forward_norm(x)), 2 * self.dimension, dim=-1)
        return x + F.dropout(self.down(F.silu(gate) * up), self.dropout, self.training)


class SequenceNetwork(nn.Module):
    """Sequences of videos -> states whose nearest item embeddings are the next videos."""

    cosine: Tensor
    sine: Tensor

    def __init__(
        self,
        n_videos: int,
        dimension: int,
        n_blocks: int,
        n_heads: int,
        dropout: float,
        max_length: int,
        gated: bool = True,
    ) -> None:
        super().__init__()
        self.dimension, self.dropout = dimension, dropout
        self.item_embedding = nn.Embedding(n_videos, dimension)
        self.item_bias = nn.Parameter(torch.zeros(n_videos))
        self.gap_embedding = nn.Embedding(GAP_BUCKETS, dimension)
        nn.init.zeros_(self.gap_embedding.weight)
        self.blocks = nn.ModuleList(
            Block(dimension, n_heads, dropout, gated) for _ in range(n_blocks)
        )
        self.final_norm = nn.RMSNorm(dimension)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1.0 / _INITIAL_TEMPERATURE)))
        frequencies = torch.arange(dimension // n_heads // 2) / (dimension // n_heads // 2)
        angles = torch.arange(max_length)[:, None] * _ROTARY_BASE**-frequencies
        self.register_buffer("cosine", angles.cos(), persistent=False)
        self.register_buffer("sine", angles.sin(), persistent=False)

    def states(self, videos: Tensor, gaps: Tensor) -> Tensor:
        """Table rows and gap buckets (b, l) -> states (b, l, d) of norm exp(logit_scale)."""
        x, rotations = self._inputs(F.embedding(videos, self.input_embeddings()), gaps)
        for block in self.blocks:
            x = block(x, *rotations)
        return self._outputs(x)

    def states_at(self, videos: Tensor, gaps: Tensor, positions: Tensor) -> Tensor:
        """`states` at one position (b,) per row. -> (b, d)"""
        return self.encode(F.embedding(videos, self.input_embeddings()), gaps, positions)

    def encode(self, embeddings: Tensor, gaps: Tensor, positions: Tensor) -> Tensor:
        """`states_at` from the item embeddings (b, l, d): what the ONNX graph computes."""
        x, rotations = self._inputs(embeddings, gaps)
        *first, final = self.blocks
        for block in first:
            x = block(x, *rotations)
        return self._outputs(cast(Block, final).forward_at(x, positions, *rotations))

    def input_embeddings(self) -> Tensor:
        """(n, d) item embeddings as the blocks read them."""
        return self.item_embedding.weight

    def output_embeddings(self) -> Tensor:
        """(n, d) unit rows; logits are states @ output_embeddings.T + output_biases."""
        return F.normalize(self.input_embeddings(), dim=-1)

    def output_biases(self) -> Tensor:
        """(n,)"""
        return self.item_bias

    def _inputs(self, embeddings: Tensor, gaps: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        length = gaps.shape[1]
        x = embeddings * self.dimension**0.5 + self.gap_embedding(gaps)
        x = F.dropout(x, self.dropout, self.training)
        return x, (self.cosine[:length], self.sine[:length])

    def _outputs(self, x: Tensor) -> Tensor:
        return F.normalize(self.final_norm(x), dim=-1) * self.logit_scale.exp()


def _gated(found: Tensor, gate: list[Tensor]) -> Tensor:
    """The attention output times the SiLU of its gate, if there is one."""
    return found * F.silu(gate[0]) if gate else found
