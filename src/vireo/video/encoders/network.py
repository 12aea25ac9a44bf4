"""The convolutional network of `cnn`: convolutions, pooling, flatten, fully connected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from vireo.settings import Size

THREADS = 1
"""Fixed, because sums in another order give other last digits; one, because a network this small
gains little from two and loses much on a busy machine."""


class CnnSize(NamedTuple):
    """Channels after each stage, embedding dimension, and factor of the training steps."""

    channels: tuple[int, int, int, int]
    dimension: int
    step_factor: int = 1


SIZES: dict[Size, CnnSize] = {
    "small": CnnSize((24, 48, 96, 128), 128),
    "medium": CnnSize((32, 64, 128, 192), 192, step_factor=2),
    "large": CnnSize((48, 96, 192, 256), 256, step_factor=4),
}
GRID = 3
"""The last feature map is pooled to GRID x GRID cells, which keeps the position of objects."""


def output_dimension(size: CnnSize) -> int:
    """Dimension of `CnnNetwork.embed`."""
    return size.dimension + size.channels[-1] * GRID * GRID


class CnnNetwork(nn.Module):
    """(b, 3, r, r) float in 0..255 -> (b, dimension)."""

    def __init__(self, size: CnnSize) -> None:
        super().__init__()
        first, second, third, fourth = size.channels
        self.features = nn.Sequential(
            _stage(3, first, stride=2),
            nn.MaxPool2d(2),  # r / 4: small maps early: the time is proportional to their area
            _stage(first, second),
            nn.MaxPool2d(2),  # r / 8
            _stage(second, third),
            nn.MaxPool2d(2),  # r / 16
            _stage(third, fourth),
            nn.AdaptiveAvgPool2d(GRID),
        )
        self.to_vector = nn.Sequential(
            nn.Flatten(), nn.Linear(fourth * GRID * GRID, size.dimension)
        )

    def forward(self, pixels: Tensor) -> Tensor:
        vectors: Tensor = self.to_vector(self._maps(pixels))
        return vectors

    def embed(self, pixels: Tensor) -> Tensor:
        """(b, 3, r, r) -> (b, dimension + cells): the embedding and the last feature map.

        Layers before the contrastive loss keep more information (Chen et al., SimCLR, 2020), here
        the position of objects. Each half has unit length.
        """
        maps = self._maps(pixels)
        halves = self.to_vector(maps), maps.flatten(1)
        return torch.cat([functional.normalize(half) for half in halves], dim=1)

    def _maps(self, pixels: Tensor) -> Tensor:
        maps: Tensor = self.features((pixels - 127.5) / 64)
        return maps


def _stage(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def new_network(size: CnnSize, seed: int) -> CnnNetwork:
    """A network with random weights that depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return CnnNetwork(size).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


@contextmanager
def fixed_threads() -> Iterator[None]:
    """Torch uses THREADS threads inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        yield
    finally:
        torch.set_num_threads(before)
