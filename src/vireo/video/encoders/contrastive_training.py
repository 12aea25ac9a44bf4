"""Contrastive training of `cnn` on the catalogue's own frames and texts.

Augmented frames of one video are positives, frames of other videos negatives (NT-Xent: Chen et
al., SimCLR, 2020). A second head predicts the embedding of the video's text, where there is one,
as in Frome et al., DeViSE, 2013.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vireo.arrays import Bytes, Floats, Ints, unit_rows
from vireo.engine.base import Context
from vireo.engine.progress import Tick
from vireo.video.base import FrameSource
from vireo.video.encoders.augmentation import augment
from vireo.video.encoders.losses import TEMPERATURE, nt_xent
from vireo.video.encoders.network import CnnNetwork, CnnSize, fixed_threads, new_network

BATCH = 64
"""Videos per step."""
MIN_STEPS, MAX_STEPS = 160, 1_000
TEXT_WEIGHT = 0.5
LEARNING_RATE = 2e-3
PROJECTION_DIMENSION = 64
MAX_CACHED_BYTES = 256_000_000
"""Bytes of frames in memory; others are read from disk when they are drawn."""


def train(
    frames: FrameSource, texts: Floats, size: CnnSize, resolution: int, context: Context
) -> CnnNetwork:
    """The trained network, in evaluation mode; random weights without frames.

    `texts` is (n, d) with rows of zeros for videos without text, or (n, 0).
    """
    network = new_network(size, context.seed)
    rows = np.flatnonzero(frames.counts > 0)
    if len(rows) == 0:
        return network.eval()
    targets = torch.from_numpy(centered(texts))
    heads = Heads(size.dimension, targets.shape[1], context.seed)
    batches = _Batches(frames, rows, resolution, context.seed)
    steps = min(MIN_STEPS + len(rows) // 4, MAX_STEPS) * size.step_factor
    with fixed_threads(), context.progress.task("Training the frame encoder", steps) as tick:
        run_steps(network, heads, targets, batches.draw, steps, tick)
    return network.eval()


def run_steps(
    network: nn.Module,
    heads: Heads,
    targets: Tensor,
    draw: Callable[[], tuple[Ints, Tensor]],
    steps: int,
    tick: Tick,
) -> None:
    """Trains both in place on `steps` batches: (b,) rows of `targets` and (2b, ...) views."""
    weights = [*network.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(weights, LEARNING_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    for _ in range(steps):
        rows, views = draw()
        loss = heads.loss(network(views), targets[torch.from_numpy(rows)])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(weights, 5.0)
        optimizer.step()
        schedule.step()
        tick(1, f"loss {loss.item():.2f}")


class Heads(nn.Module):
    """Projection heads of the losses; they are dropped after training."""

    def __init__(self, dimension: int, text_dimension: int, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + 1)
            hidden = nn.Linear(dimension, dimension)
            out = nn.Linear(dimension, PROJECTION_DIMENSION)
            self.contrast = nn.Sequential(nn.ReLU(), hidden, nn.ReLU(), out)
            self.text = nn.Linear(dimension, text_dimension) if text_dimension else None

    def loss(self, vectors: Tensor, targets: Tensor) -> Tensor:
        """(2b, d) vectors of both views, (b, t) text vectors -> a scalar."""
        total = nt_xent(self.contrast(vectors), TEMPERATURE)
        if self.text is not None:
            both = torch.cat([targets, targets])
            has_text = both.norm(dim=1) > 0
            distance = (1 - F.cosine_similarity(self.text(vectors), both)) * has_text
            total = total + TEXT_WEIGHT * distance.sum() / has_text.sum().clamp(min=1)
        return total


class _Batches:
    """Random batches of videos with two views of each."""

    def __init__(self, frames: FrameSource, rows: Ints, resolution: int, seed: int) -> None:
        self.rows = rows
        self.random = np.random.default_rng(seed)
        self.generator = torch.Generator().manual_seed(seed)
        cached = MAX_CACHED_BYTES // (resolution * resolution * 3 * int(frames.counts.max()))
        self.pixels: Callable[[int], Bytes] = lru_cache(maxsize=max(cached, 1))(frames.pixels)

    def draw(self) -> tuple[Ints, Tensor]:
        """Rows (b,) and views (2b, 3, r, r): all first views, then all second views."""
        rows = self.random.permutation(self.rows)[:BATCH]
        pairs = np.stack([self._pair(int(row)) for row in rows], axis=1)  # (2, b, r, r, 3)
        images = torch.from_numpy(np.concatenate(pairs)).permute(0, 3, 1, 2).float()
        views = augment(images, self.generator)
        return rows, views.contiguous(memory_format=torch.channels_last)

    def _pair(self, row: int) -> Bytes:
        """(2, r, r, 3): two random frames of one video; a single frame is repeated."""
        pixels = self.pixels(row)
        if len(pixels) == 1:
            return pixels[[0, 0]]
        return pixels[self.random.choice(len(pixels), size=2, replace=False)]


def centered(texts: Floats) -> Floats:
    """Unit rows minus their mean, normalized again; rows of zeros stay zeros."""
    has_text = np.linalg.norm(texts, axis=1) > 0
    if has_text.sum() < 2:
        return texts.astype(np.float32)
    shifted = np.where(has_text[:, None], texts - texts[has_text].mean(0), 0.0)
    return unit_rows(shifted.astype(np.float32))
