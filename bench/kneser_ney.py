"""Interpolated modified Kneser-Ney (Chen and Goodman 1999) over sequences of token numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vireo.arrays import Doubles, Ints

Keys = NDArray[np.uint64]
_SEED = 0x2545F4914F6CDD1D


@dataclass(frozen=True)
class _Order:
    """The n-grams of one length: every array is aligned with `keys`, which rise."""

    keys: Keys
    """Each n-gram as one number."""
    own: Doubles
    """The discounted share that an n-gram has of its context's count."""
    contexts: Keys
    """The contexts that have a continuation."""
    left: Doubles
    """The share of each context that goes to the next shorter one."""


class KneserNey:
    """Probabilities of the next token after up to `order` - 1 others.

    The highest order counts occurrences, the lower ones different left neighbours; three discounts
    per order (for counts of 1, 2, 3 and more) come from the counts of counts; the lowest order is
    interpolated with the uniform distribution, so no token of the vocabulary has probability 0.
    """

    def __init__(self, text: Ints, words: int, order: int = 5) -> None:
        """text (t,): token numbers below `words`; longer than `order`."""
        self.words = words
        self.order = order
        grams = [_keys(np.lib.stride_tricks.sliding_window_view(text, n)) for n in range(order + 1)]
        self._orders = [self._counted(grams, n) for n in range(1, order + 1)]

    def probabilities(self, contexts: Ints, tokens: Ints) -> Doubles:
        """P(token | context), row by row. contexts (m, order - 1), older first; -1 for none.

        A context is cut to what follows its last -1.
        """
        found = np.full(len(tokens), 1.0 / self.words)
        usable = np.ones(len(tokens), dtype=bool)
        for n, order in enumerate(self._orders, start=1):
            if n > 1:
                usable &= contexts[:, self.order - n] >= 0
            rows = np.flatnonzero(usable)
            context = _keys(contexts[rows, self.order - n :])
            place, known = _find(order.contexts, context)
            rows, place = rows[known], place[known]
            at, seen = _find(order.keys, _longer(context[known], tokens[rows]))
            own = np.where(seen, order.own[at], 0.0)
            found[rows] = own + order.left[place] * found[rows]
        return found

    def loss(self, text: Sequence[int] | Ints) -> Doubles:
        """(t,) nats of each token after those before it in the same text."""
        ids = np.asarray(text, dtype=np.int64)
        before = np.concatenate([np.full(self.order - 1, -1), ids])
        windows = np.lib.stride_tricks.sliding_window_view(before, self.order)[: len(ids)]
        return -np.log(self.probabilities(windows[:, : self.order - 1], ids))

    def _counted(self, grams: Sequence[Keys], n: int) -> _Order:
        keys, at, counts = _counts(grams, n, self.order)
        discounts = _discounts(counts)[np.minimum(counts, 3)]
        contexts, which = np.unique(grams[n - 1][at], return_inverse=True)
        totals = np.bincount(which, counts)
        left = np.bincount(which, discounts) / totals
        return _Order(keys, (counts - discounts) / totals[which], contexts, left)


def _counts(grams: Sequence[Keys], n: int, order: int) -> tuple[Keys, Ints, Ints]:
    """The n-grams, where each first stands, and their counts.

    The longest count how often they occur; shorter ones, how many different tokens come before
    them. What begins the text has nothing before it, which is counted as one more.
    """
    if n == order:
        keys, at, counts = np.unique(grams[n], return_index=True, return_counts=True)
        return keys, at.astype(np.int64), counts.astype(np.int64)
    follows = np.unique(grams[n + 1], return_index=True)[1] + 1
    places = np.concatenate([follows, [0]])
    keys, first, counts = np.unique(grams[n][places], return_index=True, return_counts=True)
    return keys, places[first].astype(np.int64), counts.astype(np.int64)


def _keys(rows: Ints) -> Keys:
    """(m, n) tokens -> (m,) 64-bit hashes; among ten million n-grams two share one with a
    probability of 3 in a million."""
    key = np.full(len(rows), _SEED, dtype=np.uint64)
    for column in range(rows.shape[1]):
        key = _longer(key, rows[:, column])
    return key


def _longer(keys: Keys, tokens: Ints) -> Keys:
    """The keys of n-grams that are one token longer (the finaliser of SplitMix64, by Steele et
    al. 2014)."""
    mixed = (keys + tokens.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _discounts(counts: Ints) -> Doubles:
    """D for counts of 0, 1, 2 and 3 or more; a half, where there are too few to estimate."""
    n1, n2, n3, n4 = (int((counts == k).sum()) for k in (1, 2, 3, 4))
    if not (n1 and n2 and n3 and n4):
        return np.array([0.0, 0.5, 0.5, 0.5])
    y = n1 / (n1 + 2 * n2)
    found = np.array([0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
    bounded: Doubles = np.clip(found, 0.0, [0.0, 1.0, 2.0, 3.0])
    return bounded


def _find(keys: Keys, wanted: Keys) -> tuple[Ints, NDArray[np.bool_]]:
    """Where each wanted key lies among the rising ones, and whether it is there."""
    at = np.minimum(np.searchsorted(keys, wanted), max(0, len(keys) - 1)).astype(np.int64)
    return at, keys[at] == wanted if len(keys) else np.zeros(len(wanted), dtype=bool)
