"""Kneser-Ney against its definition, written out for one n-gram at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from bench.kneser_ney import KneserNey

TEXT = [int(x) for x in np.random.default_rng(3).zipf(1.4, 4000) % 9]


def _by_hand(
    text: Sequence[int], words: int, order: int, context: tuple[int, ...], w: int
) -> float:
    """Chen and Goodman's formula with dictionaries, recursively."""
    n = len(context) + 1
    if n == order:
        counts = Counter(tuple(text[i : i + n]) for i in range(len(text) - n + 1))
    else:
        longer = {tuple(text[i : i + n + 1]) for i in range(len(text) - n)}
        counts = Counter(gram[1:] for gram in longer)
        counts[tuple(text[:n])] += 1
    lower = 1 / words if n == 1 else _by_hand(text, words, order, context[1:], w)
    own = {gram: c for gram, c in counts.items() if gram[:-1] == context}
    if not own:
        return lower
    of = [sum(1 for c in counts.values() if c == k) for k in range(5)]
    if all(of[1:]):
        y = of[1] / (of[1] + 2 * of[2])
        ds = [min(max(k - (k + 1) * y * of[k + 1] / of[k], 0), k) for k in (1, 2, 3)]
    else:
        ds = [0.5] * 3
    total = sum(own.values())
    kept = sum(ds[min(c, 3) - 1] for c in own.values()) / total
    c = own.get((*context, w), 0)
    return (max(c - ds[min(c, 3) - 1], 0) if c else 0) / total + kept * lower


@pytest.mark.parametrize("order", [1, 2, 3])
def test_it_is_the_formula(order: int) -> None:
    model = KneserNey(np.array(TEXT[:600]), 9, order)
    for context in ([0, 1], [1, 1], [2, 8], [7, 7]):
        own = tuple(context[2 - (order - 1) :]) if order > 1 else ()
        told = np.tile(np.array(own, dtype=np.int64), (9, 1)).reshape(9, order - 1)
        found = model.probabilities(told, np.arange(9))
        wanted = [_by_hand(TEXT[:600], 9, order, own, w) for w in range(9)]
        assert np.allclose(found, wanted, atol=1e-12)


def test_probabilities_sum_to_one_after_any_context() -> None:
    model = KneserNey(np.array(TEXT), 12, 5)  # three of the twelve words never occur
    random = np.random.default_rng(0)
    contexts = random.integers(-1, 12, (50, 4))
    contexts[:5] = [TEXT[i : i + 4] for i in range(5)]
    for context in contexts:
        found = model.probabilities(np.tile(context, (12, 1)), np.arange(12))
        assert found.sum() == pytest.approx(1)
        assert (found > 0).all()


def test_a_text_that_repeats_is_foreseen_and_noise_is_not() -> None:
    cycle = np.arange(3000) % 7
    assert KneserNey(cycle, 7, 3).loss(cycle[:100])[5:].mean() < 0.05
    noise = np.random.default_rng(1).integers(0, 7, 3000)
    unseen = np.random.default_rng(2).integers(0, 7, 1000)
    assert KneserNey(noise, 7, 3).loss(unseen).mean() == pytest.approx(np.log(7), abs=0.1)
