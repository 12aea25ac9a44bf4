"""The trained network in NumPy, for one viewer at a time: what a service asks, list after list.

The same sums as `SequenceNetwork.states_at` to rounding. For one history torch spends most of its
time on waking threads and on dispatch; a history of 50 videos is a few million multiplications.
What can be done once is done once: the norms' weights and the scale of the attention are multiplied
into the matrices behind them, and the coordinates of a head are paired, so that turning them by
their position is one product of complex numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from vireo.arrays import Floats, Ints

Waves = NDArray[np.complex64]
GAPS = 32
"""Buckets of the time until the next event; bucket 0: not known."""
LONGEST_WAVE = 200.0
_TINY = float(np.finfo(np.float32).eps)
"""As torch's RMSNorm adds it to the mean square."""


@dataclass(frozen=True)
class Layers:
    """One block's matrices, as they are multiplied from the right."""

    asked: Floats
    """(d, d) query, its heads' coordinates paired, over the root of their number."""
    both: Floats
    """(d, 2 d) key, its heads' coordinates paired, and value."""
    gate: Floats | None
    """(d, d)"""
    outputs: Floats
    """(d, d)"""
    up: Floats
    """(d, 4 d)"""
    down: Floats
    """(2 d, d)"""

    @cached_property
    def all_at_once(self) -> Floats:
        """(d, 3 d or 4 d) query, key, value, gate"""
        parts = [self.asked, self.both, *([] if self.gate is None else [self.gate])]
        return np.ascontiguousarray(np.hstack(parts))


@dataclass(frozen=True)
class NumpyNetwork:
    """A history in, the network's state after its last event out."""

    vectors: Floats
    """(n, d)"""
    gaps: Floats
    """(GAPS, d)"""
    layers: tuple[Layers, ...]
    last: Floats
    """(d,) weights of the last norm."""
    scale: float
    waves: Waves
    """(length, 1, d / heads / 2) of length 1"""
    heads: int

    @classmethod
    def of(cls, arrays: Mapping[str, Floats], heads: int, length: int) -> NumpyNetwork:
        """From the arrays of a `SequenceNetwork`."""
        dimension = arrays["item_embedding.weight"].shape[1]
        half = dimension // heads // 2
        blocks = len({name.split(".")[1] for name in arrays if name.startswith("blocks.")})
        angles = np.arange(length)[:, None] * LONGEST_WAVE ** -(np.arange(half) / half)
        return cls(
            arrays["item_embedding.weight"],
            arrays["gap_embedding.weight"],
            tuple(_layers(arrays, f"blocks.{at}.", heads) for at in range(blocks)),
            arrays["final_norm.weight"],
            float(np.exp(arrays["logit_scale"].item())),
            np.exp(1j * angles).astype(np.complex64)[:, None],
            heads,
        )

    def state(self, videos: Ints, gaps: Ints) -> Floats:
        """(l,) rows and gap buckets, l from 1 to `length` -> (d,) of length exp(scale)."""
        width = self.vectors.shape[1]
        x = self.vectors[videos] * np.float32(width**0.5) + self.gaps[gaps]
        for layers in self.layers[:-1]:
            x = self._everywhere(layers, x)
        end = self._at_the_end(self.layers[-1], x)[0] * self.last
        return np.asarray(end * (self.scale / max(float(np.sqrt(end @ end)), 1e-12)))

    def _everywhere(self, layers: Layers, x: Floats) -> Floats:
        """One block. (l, d) -> (l, d)"""
        length, width = x.shape
        parts = _normed(x) @ layers.all_at_once
        turned = self._turned(parts[:, : 2 * width], self.waves[:length])
        query, key = turned[:, : self.heads], turned[:, self.heads :]
        value = parts[:, 2 * width : 3 * width].reshape(length, self.heads, -1)
        scores = query.transpose(1, 0, 2) @ key.transpose(1, 2, 0)  # (heads, l, l)
        scores += _unseen(length)
        seen = _attended(scores, value).reshape(length, width)
        return _forward(layers, x, seen, None if layers.gate is None else parts[:, 3 * width :])

    def _at_the_end(self, layers: Layers, x: Floats) -> Floats:
        """The same block at the last place alone. (l, d) -> (1, d)"""
        length, width = x.shape
        normed = _normed(x)
        parts = normed @ layers.both
        key = self._turned(parts[:, :width], self.waves[:length])
        query = self._turned(normed[-1:] @ layers.asked, self.waves[length - 1 : length])
        value = parts[:, width:].reshape(length, self.heads, -1)
        scores = query.transpose(1, 0, 2) @ key.transpose(1, 2, 0)  # (heads, 1, l)
        seen = _attended(scores, value).reshape(1, width)
        gate = None if layers.gate is None else normed[-1:] @ layers.gate
        return _forward(layers, x[-1:], seen, gate)

    def _turned(self, x: Floats, waves: Waves) -> Floats:
        """Every pair of coordinates turned by its position. (l, h d') -> (l, h, d')"""
        length, half = len(x), waves.shape[2]
        turned = x.view(np.complex64).reshape(length, -1, half) * waves
        return turned.view(np.float32)


def gap_buckets(milliseconds: Ints) -> Ints:
    """Milliseconds (below 0: not known) -> bucket 1 + floor(1.5 log2(1 + seconds))."""
    logs = 1.5 * np.log2(1.0 + np.maximum(milliseconds, 0) / 1000.0)
    buckets = np.minimum(1 + np.floor(logs), GAPS - 1).astype(np.int64)
    return np.where(milliseconds < 0, 0, buckets)


def _layers(arrays: Mapping[str, Floats], block: str, heads: int) -> Layers:
    before = arrays[f"{block}attention_norm.weight"]
    inputs = (arrays[f"{block}input_projection.weight"] * before).T
    width = len(before)
    paired = _paired(width, heads)
    query, key, value = (inputs[:, at * width : (at + 1) * width] for at in range(3))
    gated = inputs.shape[1] == 4 * width
    up = arrays[f"{block}up.weight"] * arrays[f"{block}feed_forward_norm.weight"]
    return Layers(
        np.ascontiguousarray(query[:, paired] * np.float32((width // heads) ** -0.5)),
        np.ascontiguousarray(np.hstack([key[:, paired], value])),
        np.ascontiguousarray(inputs[:, 3 * width :]) if gated else None,
        np.ascontiguousarray(arrays[f"{block}output_projection.weight"].T),
        np.ascontiguousarray(up.T),
        np.ascontiguousarray(arrays[f"{block}down.weight"].T),
    )


def _paired(width: int, heads: int) -> Ints:
    """Of each head the first coordinate of the one half, then the first of the other, ... (d,)"""
    places = np.arange(width).reshape(heads, 2, -1)
    return places.transpose(0, 2, 1).reshape(-1)


def _normed(x: Floats) -> Floats:
    """Over the root mean square; the weights are in the matrix behind. (l, d) -> (l, d)"""
    squares = np.einsum("ld,ld->l", x, x) / x.shape[1]
    return np.asarray(x * (1.0 / np.sqrt(squares + _TINY)).astype(np.float32)[:, None])


def _unseen(length: int) -> Floats:
    """Minus infinity where an event would see a later one. (l, l)"""
    places = np.arange(length)
    return np.where(places[:, None] < places, np.float32(-np.inf), np.float32(0.0))


def _attended(scores: Floats, value: Floats) -> Floats:
    """Softmax of scores (heads, q, l) over l, times values (l, heads, d'). (q, heads, d')"""
    scores -= scores.max(axis=2, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=2, keepdims=True)
    return np.ascontiguousarray((scores @ value.transpose(1, 0, 2)).transpose(1, 0, 2))


def _forward(layers: Layers, x: Floats, seen: Floats, gate: Floats | None) -> Floats:
    """What attention found, let through and added; then SwiGLU. (l, d) -> (l, d)"""
    if gate is not None:
        seen = seen * (gate * expit(gate))
    x = x + seen @ layers.outputs
    opened = _normed(x) @ layers.up
    half = opened.shape[1] // 2
    opening, up = opened[:, :half], opened[:, half:]
    return np.asarray(x + (opening * expit(opening) * up) @ layers.down)
