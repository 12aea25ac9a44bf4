"""A small transformer over the frames of a video, trained after `cnn` on what it sees in them.

Two parts of one video's frames, one of them cropped, mirrored and recoloured, should agree, and
parts of different videos should not: the loss of the frames (learning.py), on whole films. The
transformer is one block (Vaswani et al., 2017, normalised first) with sines of the relative time.
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
from vireo.video.encoders.augmentation import view
from vireo.video.encoders.losses import TEMPERATURE, nt_xent
from vireo.video.encoders.network import threads

HEADS, DROPOUT = 4, 0.1
STEPS, BATCH = 300, 64
LEARNING_RATE = 1e-3
MOST_VIDEOS = 4_000
"""Videos that it learns from; of more, every so many."""
PART = 5
"""Frames that each of the two parts of a film holds."""


class TemporalTransformer(nn.Module):
    """(b, t, d) unit rows of frames, (b, t) times from 0 to 1 -> (b, d) unit rows of films."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.block = nn.TransformerEncoderLayer(
            *(dimension, HEADS, 2 * dimension, DROPOUT), batch_first=True, norm_first=True
        )

    def forward(self, frames: Tensor, times: Tensor) -> Tensor:
        out: Tensor = self.block(frames + sines(times, frames.shape[-1]))
        return F.normalize(out.mean(dim=1))

    def pool(self, vectors: Floats, times: Floats) -> Floats:
        """(n, d), (n,) seconds -> (d,) of length 1; zeros for no frame."""
        if len(vectors) == 0:
            return np.zeros(vectors.shape[1], np.float32)
        with threads(), torch.inference_mode():
            rows = F.normalize(torch.from_numpy(np.ascontiguousarray(vectors)))
            film = self(rows[None], relative(torch.from_numpy(times.astype(np.float32)))[None])
        return np.asarray(film[0].numpy(), dtype=np.float32)


def sines(times: Tensor, dimension: int) -> Tensor:
    """(b, t) -> (b, t, dimension) waves of 1, 2, 4 ... halves over the film, faint."""
    count = dimension // 2
    waves = math.pi * 2.0 ** (torch.arange(count) % 6)
    angles = times[..., None] * waves
    return torch.cat([angles.sin(), angles.cos()], dim=-1) / math.sqrt(dimension)


def relative(times: Tensor) -> Tensor:
    """(t,) seconds -> (t,) from 0 to 1."""
    span = times.max() - times.min()
    return (times - times.min()) / span.clamp(min=1e-6)


def train_temporal_transformer(
    shots: FrameSource, see: Callable[[Tensor], Tensor], dimension: int, context: Context
) -> TemporalTransformer:
    """`see` gives the vectors (b, dimension) of pictures (b, 3, r, r) in 0..255."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed + 2)
        films = TemporalTransformer(dimension)
        with threads():
            seen = _seen(shots, see, context)
            if len(seen) > 1:
                _learn(films, seen, context)
    return films.eval()


def _seen(shots: FrameSource, see: Callable[[Tensor], Tensor], context: Context) -> list[Tensor]:
    """Per video with two frames or more: (2, t, d), as it is and altered."""
    generator = torch.Generator().manual_seed(context.seed)
    rows = np.flatnonzero(shots.counts > 1)
    rows = rows[:: -(-len(rows) // MOST_VIDEOS)] if len(rows) else rows
    found = []
    with context.progress.task("Looking at films", len(rows)) as tick, torch.inference_mode():
        for row in rows.tolist():
            pixels = shots.pixels(row)[:: -(-len(shots.pixels(row)) // 32)]
            images = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float()
            pair = see(images), see(view(images, generator))
            found.append(torch.stack([F.normalize(half) for half in pair]))
            tick()
    return found


def _learn(films: TemporalTransformer, seen: list[Tensor], context: Context) -> None:
    random = np.random.default_rng(context.seed)
    optimiser = torch.optim.AdamW(films.parameters(), LEARNING_RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=STEPS)
    films.train()
    with context.progress.task("Learning films", STEPS) as tick:
        for _ in range(STEPS):
            chosen = [seen[row] for row in random.permutation(len(seen))[:BATCH].tolist()]
            halves = [films(*_parts(chosen, side, random)) for side in (0, 1)]
            optimiser.zero_grad()
            nt_xent(torch.cat(halves), TEMPERATURE).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            tick()


def _parts(chosen: list[Tensor], side: int, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Of each film PART of its frames, in their order: (b, PART, d), times (b, PART)."""
    kept = [_some(len(film[side]), random) for film in chosen]
    frames = torch.stack([film[side][rows] for film, rows in zip(chosen, kept, strict=True)])
    spans = [rows / max(len(film[side]) - 1, 1) for film, rows in zip(chosen, kept, strict=True)]
    return frames, torch.from_numpy(np.stack(spans).astype(np.float32))


def _some(count: int, random: np.random.Generator) -> Ints:
    """PART of so many rows, rising; a row comes twice where there are too few."""
    return np.sort(random.choice(count, PART, replace=count < PART))
