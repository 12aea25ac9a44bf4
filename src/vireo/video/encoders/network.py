"""The small convolutional network of `cnn`: convolution, pooling, flatten, fully connected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from vireo.settings import Size

THREADS = 1
"""Sums in another order give other last digits, so the number of threads is part of the recipe;
one, since a network this small gains little from two and loses much on a busy machine."""


class CnnSize(NamedTuple):
    """Channels after each stage, the length of a frame's vector, how long it trains."""

    channels: tuple[int, int, int, int]
    dimension: int
    effort: int = 1
    """Times the steps of the small network."""


SHAPES: dict[Size, CnnSize] = {
    "small": CnnSize((24, 48, 96, 128), 128),
    "medium": CnnSize((32, 64, 128, 192), 192, effort=2),
    "large": CnnSize((48, 96, 192, 256), 256, effort=4),
}
GRID = 3
"""The last map is pooled to GRID x GRID cells: where something is stays visible to the vector."""


def width(shape: CnnSize) -> int:
    """Length of what `Network.described` gives."""
    return shape.dimension + shape.channels[-1] * GRID * GRID


class CnnNetwork(nn.Module):
    """(b, 3, r, r) float in 0..255 -> (b, dimension)."""

    def __init__(self, shape: CnnSize) -> None:
        super().__init__()
        first, second, third, fourth = shape.channels
        self.features = nn.Sequential(
            _stage(3, first, stride=2),
            nn.MaxPool2d(2),  # r / 4: small maps early, since time goes with their area
            _stage(first, second),
            nn.MaxPool2d(2),  # r / 8
            _stage(second, third),
            nn.MaxPool2d(2),  # r / 16
            _stage(third, fourth),
            nn.AdaptiveAvgPool2d(GRID),
        )
        self.to_vector = nn.Sequential(
            nn.Flatten(), nn.Linear(fourth * GRID * GRID, shape.dimension)
        )

    def forward(self, pixels: Tensor) -> Tensor:
        vectors: Tensor = self.to_vector(self._maps(pixels))
        return vectors

    def described(self, pixels: Tensor) -> Tensor:
        """(b, 3, r, r) -> (b, dimension + cells): the vector, and the last map that it is made of.

        The layers before the one that is trained to agree keep more of what was seen (Chen et
        al., SimCLR, 2020); here that is where things are. Each half has length 1.
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


def fresh(shape: CnnSize, seed: int) -> CnnNetwork:
    """A network with random weights that depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return CnnNetwork(shape).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


@contextmanager
def threads() -> Iterator[None]:
    """A fixed number of threads for as long as it lasts."""
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        yield
    finally:
        torch.set_num_threads(before)
