"""The network of the sequence expert: gated causal attention over video vectors.

Pre-normalised blocks whose attention output is gated by the token itself (as in HSTU, Zhai et al.
2024, and LiGR, Borisyuk et al. 2025: plain blocks stop learning when stacked), rotary positions
(Su et al. 2021), SwiGLU feed-forward layers, and a normalised dot product with a learned
temperature between the state and the same vectors that were read.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vireo.interest.sequence.numpy_inference import GAPS as GAPS
from vireo.interest.sequence.numpy_inference import LONGEST_WAVE

_TEMPERATURE = 0.08


class Block(nn.Module):
    """x + gated attention, then + SwiGLU. (b, l, d) -> (b, l, d)"""

    def __init__(self, dimension: int, heads: int, dropout: float, gated: bool = True) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.before_attention = nn.RMSNorm(dimension)
        self.before_forward = nn.RMSNorm(dimension)
        self.inputs = nn.Linear(dimension, (4 if gated else 3) * dimension, bias=False)
        self.outputs = nn.Linear(dimension, dimension, bias=False)
        self.up = nn.Linear(dimension, 4 * dimension, bias=False)
        self.down = nn.Linear(2 * dimension, dimension, bias=False)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        b, length, d = x.shape
        parts = self.inputs(self.before_attention(x))
        parts = parts.view(b, length, -1, self.heads, d // self.heads)
        query, key, value, *gate = parts.permute(2, 0, 3, 1, 4)  # each (b, heads, l, d / heads)
        query, key = _rotated(query, cosine, sine), _rotated(key, cosine, sine)
        seen = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        seen = _let_through(seen, gate).transpose(1, 2).reshape(b, length, d)
        return self._forward(x + F.dropout(self.outputs(seen), self.dropout, self.training))

    def at(self, x: Tensor, last: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """What `forward` gives at one place of each row, at half the work. (b, l, d) -> (b, d)"""
        b, length, d = x.shape
        rows = torch.arange(b, device=x.device)
        normed = self.before_attention(x)
        own = self.inputs(normed[rows, last]).view(b, 1, -1, self.heads, d // self.heads)
        query, _, _, *gate = own.permute(2, 0, 3, 1, 4)  # each (b, heads, 1, d / heads)
        both = F.linear(normed, self.inputs.weight[d : 3 * d])
        key, value = both.view(b, length, 2, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        query = _rotated(query, cosine[last][:, None, None], sine[last][:, None, None])
        before = (torch.arange(length, device=x.device) <= last[:, None])[:, None, None]
        seen = F.scaled_dot_product_attention(
            query, _rotated(key, cosine, sine), value, attn_mask=before
        )
        seen = _let_through(seen, gate).reshape(b, d)
        return self._forward(x[rows, last] + self.outputs(seen))

    def _forward(self, x: Tensor) -> Tensor:
        opening, up = self.up(self.before_forward(x)).chunk(2, dim=-1)
        return x + F.dropout(self.down(F.silu(opening) * up), self.dropout, self.training)


class SequenceNetwork(nn.Module):
    """Rows of videos -> states that point at the next video."""

    cosine: Tensor
    sine: Tensor

    def __init__(
        self,
        n_videos: int,
        dimension: int,
        blocks: int,
        heads: int,
        dropout: float,
        length: int,
        gated: bool = True,
    ) -> None:
        super().__init__()
        self.dimension, self.dropout = dimension, dropout
        self.vectors = nn.Embedding(n_videos, dimension)
        self.bias = nn.Parameter(torch.zeros(n_videos))
        self.gaps = nn.Embedding(GAPS, dimension)
        nn.init.zeros_(self.gaps.weight)
        self.blocks = nn.ModuleList(Block(dimension, heads, dropout, gated) for _ in range(blocks))
        self.last = nn.RMSNorm(dimension)
        self.scale = nn.Parameter(torch.tensor(math.log(1.0 / _TEMPERATURE)))
        waves = torch.arange(dimension // heads // 2) / (dimension // heads // 2)
        angles = torch.arange(length)[:, None] * LONGEST_WAVE**-waves
        self.register_buffer("cosine", angles.cos(), persistent=False)
        self.register_buffer("sine", angles.sin(), persistent=False)

    def states(self, videos: Tensor, gaps: Tensor) -> Tensor:
        """(b, l) rows and gap buckets, l at most `length` -> (b, l, d) of length exp(scale)."""
        x, waves = self._read(videos, gaps)
        for block in self.blocks:
            x = block(x, *waves)
        return self._pointing(x)

    def states_at(self, videos: Tensor, gaps: Tensor, last: Tensor) -> Tensor:
        """`states` at one place of each row, for lists. (b, l), (b, l), (b,) -> (b, d)"""
        x, waves = self._read(videos, gaps)
        *first, final = self.blocks
        for block in first:
            x = block(x, *waves)
        return self._pointing(cast(Block, final).at(x, last, *waves))

    def _read(self, videos: Tensor, gaps: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        length = videos.shape[1]
        x = F.embedding(videos, self.rows()) * self.dimension**0.5 + self.gaps(gaps)
        x = F.dropout(x, self.dropout, self.training)
        return x, (self.cosine[:length], self.sine[:length])

    def _pointing(self, x: Tensor) -> Tensor:
        return F.normalize(self.last(x), dim=-1) * self.scale.exp()

    def rows(self) -> Tensor:
        """(n, d) the vectors as they are read."""
        return self.vectors.weight

    def biases(self) -> Tensor:
        """(n,) what every video's logits begin with."""
        return self.bias

    def table(self) -> Tensor:
        """(n, d) rows of length 1; states @ table.T + biases are the logits."""
        return F.normalize(self.rows(), dim=-1)


def gap_buckets(seconds: Tensor) -> Tensor:
    """Seconds (float; below 0: not known) -> bucket 1 + floor(1.5 log2(1 + seconds))."""
    logs = 1.5 * torch.log2(1.0 + seconds.clamp(min=0.0))
    return torch.where(seconds < 0, 0, (1 + logs.floor()).clamp(max=GAPS - 1)).long()


def _let_through(seen: Tensor, gate: list[Tensor]) -> Tensor:
    """What attention found, times the token's own gate, if it has one."""
    return seen * F.silu(gate[0]) if gate else seen


def _rotated(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    one, two = x.chunk(2, dim=-1)
    return torch.cat([one * cosine - two * sine, one * sine + two * cosine], dim=-1)
