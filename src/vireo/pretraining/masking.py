"""Batches of token chunks with masked tokens (Devlin et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.language.chunks import padded
from vireo.pretraining.token_chunks import Tokens

PIECE_TOKENS = 128
BATCH_TOKENS = 1024
_POOL = 512  # documents that are sorted by length together: little padding, yet random batches


@dataclass(frozen=True)
class MaskVocabulary:
    """Special tokens and vocabulary size of a tokenizer."""

    mask: int
    size: int
    special: frozenset[int]


@dataclass(frozen=True)
class MaskedBatch:
    """ids (b, t) with masked tokens; `there` (b, t) is False on padding."""

    ids: Ints
    there: Bools
    places: Ints
    """(m,) indices into ids.ravel()"""
    words: Ints
    """(m,) original token at each place"""


def schedule(lengths: Sequence[int] | Ints, steps: int, seed: int) -> list[Ints]:
    """`steps` batches, each an array of row numbers of chunks.

    Each epoch is a new permutation; within pools of 512 pieces those of like length share a
    batch of at most BATCH_TOKENS tokens. The order depends on seed and lengths alone.
    """
    batches: list[Ints] = []
    epoch = 0
    while len(batches) < steps:
        batches += _epoch(np.asarray(lengths), np.random.default_rng([seed, 1, epoch]))
        epoch += 1
    return batches[:steps]


def _epoch(lengths: Ints, random: np.random.Generator) -> list[Ints]:
    order = random.permutation(len(lengths))
    batches: list[Ints] = []
    for start in range(0, len(order), _POOL):
        pool = order[start : start + _POOL]
        batches += batches_of(lengths, pool[np.argsort(-lengths[pool], kind="stable")])
    return [batches[i] for i in random.permutation(len(batches))]


def batches_of(lengths: Ints, order: Ints) -> list[Ints]:
    """Rows in `order` (longest first) cut into batches of at most BATCH_TOKENS with padding."""
    batches, start = [], 0
    while start < len(order):
        size = max(1, BATCH_TOKENS // int(lengths[order[start]]))
        batches.append(order[start : start + size])
        start += size
    return batches


def masked(
    pieces: Sequence[Tokens], share: float, words: MaskVocabulary, random: np.random.Generator
) -> MaskedBatch:
    """Hide `share` of the tokens, at least one per piece (Devlin et al. 2019).

    Of the hidden ones 80% become the mask token, 10% a random token, 10% stay as they are.
    """
    ids, there = padded(pieces)
    dice = random.random(ids.shape)
    dice[~there | np.isin(ids, list(words.special))] = 2.0
    hidden = dice < np.maximum(share, dice.min(axis=1, keepdims=True) + 1e-12)
    hidden &= dice < 1.0
    places = np.flatnonzero(hidden.ravel())
    flat = ids.ravel()
    truth = flat[places]
    kind = random.random(len(places))
    flat[places[kind < 0.8]] = words.mask
    swapped = places[kind >= 0.9]
    flat[swapped] = random.integers(0, words.size, len(swapped))
    return MaskedBatch(flat.reshape(ids.shape), there, places, truth)
