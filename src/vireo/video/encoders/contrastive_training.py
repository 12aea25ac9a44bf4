"""Training of `cnn` on the catalogue's own frames: contrast between videos, and their texts.

Two frames of one video should agree under random views, frames of different videos should not
(NT-Xent: Chen et al., SimCLR, 2020); a second head points at the vector of the video's text
where there is one, as in Frome et al., DeViSE, 2013.
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
from vireo.video.encoders.augmentation import view
from vireo.video.encoders.losses import TEMPERATURE, nt_xent
from vireo.video.encoders.network import CnnNetwork, CnnSize, fresh, threads

BATCH = 64
"""Videos per step."""
FEWEST_STEPS, MOST_STEPS = 160, 1_000
TEXT_WEIGHT = 0.5
LEARNING_RATE = 2e-3
PROJECTION = 64
MEMORY = 256_000_000
"""Bytes of frames that are held at once; the others are read from disk when they are drawn."""


def train(
    shots: FrameSource, texts: Floats, shape: CnnSize, resolution: int, context: Context
) -> CnnNetwork:
    """The trained network, in evaluation mode; random weights where there is no frame.

    `texts` is (n, d) with rows of zeros for videos without text, or (n, 0).
    """
    network = fresh(shape, context.seed)
    rows = np.flatnonzero(shots.counts > 0)
    if len(rows) == 0:
        return network.eval()
    targets = torch.from_numpy(centred(texts))
    heads = Heads(shape.dimension, targets.shape[1], context.seed)
    batches = _Batches(shots, rows, resolution, context.seed)
    steps = min(FEWEST_STEPS + len(rows) // 4, MOST_STEPS) * shape.effort
    with threads(), context.progress.task("Learning to see", steps) as tick:
        descend(network, heads, targets, batches.draw, steps, tick)
    return network.eval()


def descend(
    network: nn.Module,
    heads: Heads,
    targets: Tensor,
    draw: Callable[[], tuple[Ints, Tensor]],
    steps: int,
    tick: Tick,
) -> None:
    """Train both in place on `steps` batches: (b,) rows of `targets` and (2b, ...) views."""
    weights = [*network.parameters(), *heads.parameters()]
    optimiser = torch.optim.AdamW(weights, LEARNING_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    for _ in range(steps):
        chosen, views = draw()
        loss = heads.loss(network(views), targets[torch.from_numpy(chosen)])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(weights, 5.0)
        optimiser.step()
        schedule.step()
        tick(1, f"loss {loss.item():.2f}")


class Heads(nn.Module):
    """What the vectors are trained through, and what is dropped afterwards."""

    def __init__(self, dimension: int, text_dimension: int, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + 1)
            hidden = nn.Linear(dimension, dimension)
            out = nn.Linear(dimension, PROJECTION)
            self.contrast = nn.Sequential(nn.ReLU(), hidden, nn.ReLU(), out)
            self.text = nn.Linear(dimension, text_dimension) if text_dimension else None

    def loss(self, vectors: Tensor, targets: Tensor) -> Tensor:
        """(2b, d) vectors of both views, (b, t) text vectors -> a number."""
        total = nt_xent(self.contrast(vectors), TEMPERATURE)
        if self.text is not None:
            both = torch.cat([targets, targets])
            has_text = both.norm(dim=1) > 0
            apart = (1 - F.cosine_similarity(self.text(vectors), both)) * has_text
            total = total + TEXT_WEIGHT * apart.sum() / has_text.sum().clamp(min=1)
        return total


class _Batches:
    """Videos with two views of each, the same ones for the same seed."""

    def __init__(self, shots: FrameSource, rows: Ints, resolution: int, seed: int) -> None:
        self.rows = rows
        self.random = np.random.default_rng(seed)
        self.generator = torch.Generator().manual_seed(seed)
        held = MEMORY // (resolution * resolution * 3 * int(shots.counts.max()))
        self.pixels: Callable[[int], Bytes] = lru_cache(maxsize=max(held, 1))(shots.pixels)

    def draw(self) -> tuple[Ints, Tensor]:
        """Rows (b,), and views (2b, 3, r, r): all the first ones, then all the second ones."""
        chosen = self.random.permutation(self.rows)[:BATCH]
        pairs = np.stack([self._pair(int(row)) for row in chosen], axis=1)  # (2, b, r, r, 3)
        images = torch.from_numpy(np.concatenate(pairs)).permute(0, 3, 1, 2).float()
        views = view(images, self.generator)
        return chosen, views.contiguous(memory_format=torch.channels_last)

    def _pair(self, row: int) -> Bytes:
        """(2, r, r, 3): two frames of one video, the same one twice where it has one."""
        pixels = self.pixels(row)
        if len(pixels) == 1:
            return pixels[[0, 0]]
        return pixels[self.random.choice(len(pixels), size=2, replace=False)]


def centred(texts: Floats) -> Floats:
    """Unit rows less their mean: what is common to all the texts is no content.

    Rows of zeros stay zeros.
    """
    has_text = np.linalg.norm(texts, axis=1) > 0
    if has_text.sum() < 2:
        return texts.astype(np.float32)
    moved = np.where(has_text[:, None], texts - texts[has_text].mean(0), 0.0)
    return unit_rows(moved.astype(np.float32))
