"""Transformer over the frame vectors of a video, trained after `cnn` on its output.

Two subsets of one video's frames, one of them augmented, are positives, subsets of other videos
negatives: the loss of contrastive_training.py on whole videos. The transformer is one block
(Vaswani et al., 2017, pre-normalization) with sinusoidal encodings of the relative time.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vireo.arrays import Floats, Ints
from vireo.engine.base import Context
from vireo.video.base import FrameSource
from vireo.video.encoders.augmentation import augment
from vireo.video.encoders.losses import TEMPERATURE, nt_xent
from vireo.video.encoders.network import fixed_threads

HEADS, DROPOUT = 4, 0.1
STEPS, BATCH = 300, 64
LEARNING_RATE = 1e-3
MAX_VIDEOS = 4_000
"""Videos in training; of more, every n-th."""
MAX_ROWS = 32
"""Frames (with crops) of a training video; of more, every n-th."""
SUBSET = 5
"""Frames in each of the two subsets of a video."""


class TemporalTransformer(nn.Module):
    """(b, t, d) unit frame vectors, (b, t) times from 0 to 1 -> (b, d) unit video vectors."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.block = nn.TransformerEncoderLayer(
            *(dimension, HEADS, 2 * dimension, DROPOUT), batch_first=True, norm_first=True
        )

    def forward(self, frames: Tensor, times: Tensor) -> Tensor:
        out: Tensor = self.block(frames + positional_encoding(times, frames.shape[-1]))
        return F.normalize(out.mean(dim=1))

    def pool(self, vectors: Floats, times: Floats) -> Floats:
        """(n, d), (n,) seconds -> (d,) of unit length; zeros without frames."""
        if len(vectors) == 0:
            return np.zeros(vectors.shape[1], np.float32)
        with fixed_threads(), torch.inference_mode():
            rows = F.normalize(torch.from_numpy(np.ascontiguousarray(vectors)))
            relative = relative_times(torch.from_numpy(times.astype(np.float32)))
            vectors_of_video = self(rows[None], relative[None])
        return np.asarray(vectors_of_video[0].numpy(), dtype=np.float32)


def positional_encoding(times: Tensor, dimension: int) -> Tensor:
    """(b, t) -> (b, t, dimension): sines and cosines of 1, 2, 4 ... half periods; norm 0.71."""
    count = dimension // 2
    waves = math.pi * 2.0 ** (torch.arange(count) % 6)
    angles = times[..., None] * waves
    return torch.cat([angles.sin(), angles.cos()], dim=-1) / math.sqrt(dimension)


def relative_times(times: Tensor) -> Tensor:
    """(t,) seconds -> (t,) from 0 to 1."""
    span = times.max() - times.min()
    return (times - times.min()) / span.clamp(min=1e-6)


def train_temporal_transformer(
    frames: FrameSource, embed: Callable[[Tensor], Tensor], dimension: int, context: Context
) -> TemporalTransformer:
    """`embed` maps images (b, 3, r, r) in 0..255 to vectors (b, dimension)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed + 2)
        transformer = TemporalTransformer(dimension)
        with fixed_threads():
            videos = _embedded(frames, embed, context)
            if len(videos) > 1:
                _train(transformer, videos, context)
    return transformer.eval()


def _embedded(
    frames: FrameSource, embed: Callable[[Tensor], Tensor], context: Context
) -> list[Tensor]:
    """Per video with at least two frames: (2, t, d), original and augmented."""
    generator = torch.Generator().manual_seed(context.seed)
    rows = np.flatnonzero(frames.counts > 1)
    rows = rows[:: -(-len(rows) // MAX_VIDEOS)] if len(rows) else rows
    found = []
    with context.progress.task("Embedding frames", len(rows)) as tick, torch.inference_mode():
        for row in rows.tolist():
            pixels = frames.pixels(row)
            pixels = pixels[:: -(-len(pixels) // MAX_ROWS)]
            images = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float()
            pair = embed(images), embed(augment(images, generator))
            found.append(torch.stack([F.normalize(half) for half in pair]))
            tick()
    return found


def _train(transformer: TemporalTransformer, videos: list[Tensor], context: Context) -> None:
    random = np.random.default_rng(context.seed)
    optimizer = torch.optim.AdamW(transformer.parameters(), LEARNING_RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=STEPS)
    transformer.train()
    with context.progress.task("Training the temporal transformer", STEPS) as tick:
        for _ in range(STEPS):
            batch = [videos[row] for row in random.permutation(len(videos))[:BATCH].tolist()]
            halves = [transformer(*_subsets(batch, side, random)) for side in (0, 1)]
            optimizer.zero_grad()
            nt_xent(torch.cat(halves), TEMPERATURE).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            tick()


def _subsets(batch: list[Tensor], side: int, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """SUBSET frames of each video in their order: (b, SUBSET, d), times (b, SUBSET)."""
    rows_of = [_random_rows(len(video[side]), random) for video in batch]
    pairs = list(zip(batch, rows_of, strict=True))
    frames = torch.stack([video[side][rows] for video, rows in pairs])
    times = [rows / max(len(video[side]) - 1, 1) for video, rows in pairs]
    return frames, torch.from_numpy(np.stack(times).astype(np.float32))


def _random_rows(count: int, random: np.random.Generator) -> Ints:
    """SUBSET of `count` rows, ascending; rows are repeated where there are too few."""
    return np.sort(random.choice(count, SUBSET, replace=count < SUBSET))
