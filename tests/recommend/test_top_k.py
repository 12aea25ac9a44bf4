"""Top-k of sparse scores equals sorting all scores; ties in catalogue order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vireo.interest.expert_protocols import SparseScores
from vireo.interest.score_moments import quadratic
from vireo.recommend.top_k import best_of_few, first_of

N = 90


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.sampled_from([1, 7, 30, 80, 200]))
def test_the_best_of_few_are_the_best_of_all(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    rows = np.sort(random.permutation(N)[: random.integers(0, 40)])
    values = random.integers(-3, 6, len(rows)).astype(np.float32)
    few = SparseScores(rows, values, N)
    allowed = random.random(N) < random.choice([0.1, 0.5, 1.0])
    order = np.argsort(-few.dense, kind="stable")
    expected = order[allowed[order]][:count]
    assert best_of_few(few, count, allowed).tolist() == expected.tolist()


def test_the_first_allowed_of_an_order_are_found_however_far_down() -> None:
    order = np.arange(N)[::-1]
    allowed = np.zeros(N, dtype=np.bool_)
    allowed[[80, 40, 3]] = True
    assert first_of(order, 2, allowed).tolist() == [80, 40]
    assert first_of(order, 9, allowed).tolist() == [80, 40, 3]


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_quadratic_form_is_read_from_half_a_matrix(kind: type) -> None:
    rows = np.random.default_rng(1).normal(size=(50, 20))
    matrix: np.ndarray = (rows.T @ rows).astype(kind)
    vector = rows[0].astype(kind)
    assert quadratic(matrix, vector) == pytest.approx(vector @ matrix @ vector, rel=1e-5)
