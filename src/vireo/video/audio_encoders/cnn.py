"""A small convolutional network over log-mel patches: what it is, and how it learns to hear.

Two patches of one sound, each louder or softer, through another room (bands raised and lowered),
slower or faster and with strips taken away (SpecAugment: Park et al., 2019), should agree; patches
of other sounds should not (NT-Xent, as for the frames: encoders/learning.py). A second head points
at the vector of the video's text where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vireo.arrays import Bytes, Floats, Ints
from vireo.engine.base import Context
from vireo.video.encoders.contrastive_training import Heads, centred, descend
from vireo.video.encoders.network import threads
from vireo.video.mel import FAINTEST, levels

CHANNELS = (24, 48, 96)
DIMENSION = 96
LENGTH, STRIDE = 48, 24
"""Steps of 20 ms in a patch: about a second; and between two patches."""
FEWEST_STEPS, MOST_STEPS, BATCH = 160, 600, 64
LOUDER, ROOM, FASTER = 0.5, 0.3, 0.15
"""Powers of ten by which a patch, and on a smooth curve its bands, are raised or lowered at most;
share by which it is slower or faster."""
STRIP_BANDS, STRIP_STEPS = 5, 10
MOST_PATCHES = 60


class Network(nn.Module):
    """(b, bands, LENGTH) logarithms of power -> (b, DIMENSION)."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third = CHANNELS
        self.features = nn.Sequential(
            *_stage(1, first), nn.MaxPool2d(2), *_stage(first, second), nn.MaxPool2d(2)
        )
        self.last = nn.Sequential(*_stage(second, third), nn.AdaptiveAvgPool2d((4, 2)))
        self.to_vector = nn.Linear(third * 8, DIMENSION)

    def forward(self, patches: Tensor) -> Tensor:
        maps = self.last(self.features((patches[:, None] + 2) / 2))
        vectors: Tensor = self.to_vector(maps.flatten(1))
        return vectors


def _stage(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    layer = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return layer, nn.BatchNorm2d(outputs), nn.ReLU()


def fresh(seed: int) -> Network:
    """A network with random weights that depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Network()


def train(bands: Sequence[Bytes], texts: Floats, context: Context) -> Network:
    """`bands`: (t, BANDS) of each sound as `packed`; `texts` as for `learning.train`.

    Random weights where there are fewer than two sounds.
    """
    network = fresh(context.seed)
    if len(bands) < 2:
        return network.eval()
    targets = torch.from_numpy(centred(texts))
    heads = Heads(DIMENSION, targets.shape[1], context.seed)
    steps = min(FEWEST_STEPS + len(bands) // 2, MOST_STEPS)
    random = np.random.default_rng(context.seed)

    def draw() -> tuple[Ints, Tensor]:
        chosen = random.permutation(len(bands))[:BATCH]
        views = [view(bands[row], random) for _ in range(2) for row in chosen.tolist()]
        return chosen, torch.from_numpy(np.stack(views))

    with threads(), context.progress.task("Learning to hear", steps) as tick:
        descend(network, heads, targets, draw, steps, tick)
    return network.eval()


def view(sound: Bytes, random: np.random.Generator) -> Floats:
    """(t, bands), packed -> (bands, LENGTH): a random stretch of it, altered."""
    steps = round(LENGTH * random.uniform(1 - FASTER, 1 + FASTER))
    sound = _filled(sound, steps)
    start = random.integers(0, len(sound) - steps + 1)
    rows = np.linspace(start, start + steps - 1, LENGTH).round().astype(int)
    patch = levels(sound[rows]).T
    room = np.interp(np.linspace(0, 3, len(patch)), range(4), random.uniform(-ROOM, ROOM, 4))
    patch += room[:, None] + random.uniform(-LOUDER, LOUDER)
    patch = np.maximum(patch, FAINTEST)
    band = random.integers(0, len(patch) - STRIP_BANDS + 1)
    step = random.integers(0, LENGTH - STRIP_STEPS + 1)
    patch[band : band + random.integers(0, STRIP_BANDS + 1)] = patch.mean()
    patch[:, step : step + random.integers(0, STRIP_STEPS + 1)] = patch.mean()
    return patch.astype(np.float32)


def heard_by(network: Network, sound: Bytes) -> Floats:
    """(t, bands), packed -> (2 * DIMENSION,): the mean and the maximum over its patches."""
    sound = _filled(sound, LENGTH)
    starts = range(0, len(sound) - LENGTH + 1, STRIDE)
    starts = starts[:: -(-len(starts) // MOST_PATCHES)]
    patches = np.stack([levels(sound[start : start + LENGTH]).T for start in starts])
    with threads(), torch.inference_mode():
        vectors = F.normalize(network(torch.from_numpy(patches))).numpy()
    return np.concatenate([vectors.mean(axis=0), vectors.max(axis=0)]).astype(np.float32)


def _filled(sound: Bytes, steps: int) -> Bytes:
    """At least so many steps, silence (0) on both sides where there are fewer."""
    missing = max(steps - len(sound), 0)
    filled: Bytes = np.pad(sound, ((missing // 2, missing - missing // 2), (0, 0)))
    return filled
