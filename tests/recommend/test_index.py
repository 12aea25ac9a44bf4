"""Indexes find what brute force finds, with what was added, without what was deleted or barred."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vireo.arrays import Floats, unit_rows
from vireo.interest.score_moments import Moments
from vireo.recommend.index.ann_index import FEW, AnnIndex
from vireo.recommend.index.spec import IndexSpec, load_plans, save_plans
from vireo.recommend.index.tuning import exact, exact_spec, recall_of, tune_ivf, tune_pca

pytest.importorskip("faiss")

N, WIDTH = 6000, 24


def clustered(n: int, seed: int, width: int = WIDTH) -> Floats:
    """Rows of 40 clusters, of different lengths."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(40, width))
    rows = centres[random.integers(0, 40, n)] + 0.5 * random.normal(size=(n, width))
    lengths = random.uniform(0.5, 2.0, (n, 1))
    return np.asarray(unit_rows(rows.astype(np.float32)) * lengths, dtype=np.float32)


def everything(vectors: Floats) -> IndexSpec:
    return exact_spec(vectors, np.ones(len(vectors), dtype=np.bool_))


def brute(vectors: Floats, towards: Floats, count: int, allowed: np.ndarray) -> list[int]:
    scores = np.where(allowed, vectors @ towards, -np.inf)
    order = np.argsort(-scores, kind="stable")[: min(count, int(allowed.sum()))]
    return [int(row) for row in order]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    share=st.sampled_from([0.0, 0.01, 0.3, 0.6, 1.0]),
    count=st.sampled_from([1, 20, 100, 1500, 9000]),
)
def test_the_exact_index_is_exact_whatever_is_barred(seed: int, share: float, count: int) -> None:
    vectors = clustered(N, 7)
    index = AnnIndex.of(everything(vectors), vectors)
    random = np.random.default_rng(seed)
    allowed = random.random(N) < share
    towards = clustered(1, seed)[0]
    found = index.search(towards, count, allowed).tolist()
    assert found == brute(vectors, towards, count, allowed)


def test_near_ties_are_told_apart_although_the_index_is_in_half_precision() -> None:
    random = np.random.default_rng(1)
    one = clustered(1, 3)[0]
    noise = random.normal(size=(N, WIDTH)).astype(np.float32)
    vectors = one + np.float32(1e-5) * noise
    index = AnnIndex.of(everything(vectors), vectors)
    everyone = np.ones(N, dtype=np.bool_)
    assert index.search(one, 50).tolist() == brute(vectors, one, 50, everyone)


@pytest.mark.parametrize("approximate", [False, True])
def test_rows_come_and_go_without_a_rebuild(approximate: bool) -> None:
    vectors = clustered(N, 2)
    questions = clustered(50, 5)
    known = np.ones(N, dtype=np.bool_)
    plan = tune_ivf(vectors, known, questions, 0.9, 0) if approximate else everything(vectors)
    index = AnnIndex.of(plan, vectors)
    towards = questions[0]
    best = index.search(towards, 5)
    newcomer = (4 * unit_rows(towards[None])).astype(np.float32)
    more = index.add(newcomer)
    assert more.search(towards, 5).tolist() == [N, *best[:4].tolist()]
    assert index.search(towards, 5).tolist() == best.tolist(), "the old one is as it was"
    fewer = more.delete(np.array([N, best[0]]))
    assert fewer.search(towards, 4).tolist() == best[1:5].tolist()


def test_the_recall_of_an_inverted_file_is_measured_and_holds_for_others() -> None:
    vectors = clustered(20_000, 4)
    plan = tune_ivf(vectors, np.ones(20_000, dtype=np.bool_), clustered(200, 8), 0.95, 0)
    assert 0.95 <= plan.recall <= 1.0
    assert plan.probes < len(plan.centroids), "it must not be exact search in disguise"
    index = AnnIndex.of(plan, vectors)
    others = clustered(100, 9)
    found = np.array([index.search(towards, 100) for towards in others])
    assert recall_of(found, exact(vectors, others, 100)) >= 0.93


def few_directions(n: int, seed: int) -> Floats:
    """Rows of 300 numbers that differ mostly in 60 directions, as texts about a few themes do."""
    random = np.random.default_rng(seed)
    within = np.linalg.qr(np.random.default_rng(5).normal(size=(300, 60)))[0]
    rows = clustered(n, seed, 60) @ within.T + 0.02 * random.normal(size=(n, 300))
    return np.asarray(rows, dtype=np.float32)


def test_wide_vectors_are_compared_in_the_directions_they_differ_in() -> None:
    vectors, others = few_directions(20_000, 4), few_directions(100, 9)
    plan = tune_pca(vectors, np.ones(20_000, dtype=np.bool_), few_directions(200, 8), 0.95)
    assert plan is not None
    assert plan.basis.shape[1] < 300 / 2
    assert 0.95 <= plan.recall <= 1.0
    index = AnnIndex.of(plan, vectors)
    found = np.array([index.search(towards, 100) for towards in others])
    assert recall_of(found, exact(vectors, others, 100)) >= 0.93
    random = np.random.default_rng(0)
    for share in (0.5, 0.15, (FEW - 500) / 20_000):
        allowed = random.random(20_000) < share
        allowed[7] = False
        more = index.add(3.0 * others[:1]).delete(np.array([7]))
        got = more.search(others[0], 100, np.append(allowed, True))
        assert got[0] == 20_000, "what came since is found"
        true = brute(vectors, others[0], 99, allowed)
        assert allowed[got[1:]].all()
        assert len(set(true) & set(got.tolist())) >= 0.9 * 99


def test_wide_vectors_lie_narrowed_in_the_lists_of_an_inverted_file() -> None:
    vectors, others = few_directions(20_000, 4), few_directions(100, 9)
    plan = tune_ivf(vectors, np.ones(20_000, dtype=np.bool_), few_directions(200, 8), 0.95, 0)
    assert plan.basis.shape == (300, plan.centroids.shape[1])
    assert plan.centroids.shape[1] < 300 / 2
    assert plan.probes < len(plan.centroids)
    index = AnnIndex.of(plan, vectors)
    found = np.array([index.search(towards, 100) for towards in others])
    assert recall_of(found, exact(vectors, others, 100)) >= 0.93
    scores = np.take_along_axis(others @ vectors.T, found, axis=1)
    assert (np.diff(scores, axis=1) <= 1e-5).all(), "in the order of the full width"
    open_to_all = np.arange(20_000) % 3 == 0
    some = index.search(others[0], 100, open_to_all)
    assert open_to_all[some].all()
    true = set(brute(vectors, others[0], 100, open_to_all))
    assert len(true & set(some.tolist())) >= 90


def test_vectors_that_differ_in_every_direction_are_not_narrowed() -> None:
    random = np.random.default_rng(3)
    vectors = random.normal(size=(20_000, 400)).astype(np.float32)
    everyone = np.ones(20_000, dtype=np.bool_)
    assert tune_pca(vectors, everyone, vectors[:50], 0.98) is None
    assert not tune_ivf(vectors, everyone, vectors[:50], 0.98, 0).narrowed


def test_a_strict_filter_does_not_empty_an_inverted_file() -> None:
    vectors = clustered(20_000, 4)
    plan = tune_ivf(vectors, np.ones(20_000, dtype=np.bool_), clustered(200, 8), 0.95, 0)
    index = AnnIndex.of(plan, vectors)
    random = np.random.default_rng(0)
    towards = clustered(1, 11)[0]
    for share in (0.2, (FEW - 500) / 20_000, 0.001):
        allowed = random.random(20_000) < share
        found = index.search(towards, 100, allowed)
        assert allowed[found].all()
        true = set(brute(vectors, towards, 100, allowed))
        assert len(true & set(found.tolist())) >= 0.9 * len(true)


def test_plans_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    vectors = clustered(N, 2)
    known = np.arange(N) % 3 > 0
    plans = {"one": tune_ivf(vectors, known, vectors[:40], 0.9, 0), "two": everything(vectors)}
    wide = few_directions(N, 3)
    slim = tune_pca(wide, known, wide[:40], 0.9)
    assert slim is not None
    save_plans(plans, tmp_path)
    (tmp_path / "slim").mkdir()
    save_plans({"slim": slim}, (tmp_path / "slim"))
    read = AnnIndex.of(load_plans(tmp_path / "slim")["slim"], wide)
    assert read.search(wide[9], 20).tolist() == AnnIndex.of(slim, wide).search(wide[9], 20).tolist()
    assert (read.plan.over, read.recall) == (slim.over, slim.recall)
    again = load_plans(tmp_path)
    towards = vectors[17]
    for name, plan in plans.items():
        one, two = AnnIndex.of(plan, vectors), AnnIndex.of(again[name], vectors)
        assert one.search(towards, 20).tolist() == two.search(towards, 20).tolist()
        assert (plan.recall, plan.probes, plan.count) == (two.plan.recall, two.plan.probes, N)
        assert again[name].moments.count == plan.moments.count
    assert load_plans(tmp_path / "nothing") == {}


@settings(max_examples=40, deadline=None)
@given(n=st.integers(2, 60), seed=st.integers(0, 10**6), users=st.integers(1, 4))
def test_moments_are_those_of_the_dot_products(n: int, seed: int, users: int) -> None:
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(n, 5)).astype(np.float32)
    towards = random.normal(size=(users, 5))
    scores = towards @ vectors.astype(np.float64).T
    moments = Moments.of(vectors)
    assert moments.count == n
    np.testing.assert_allclose(towards @ moments.total, scores.sum(axis=1), atol=1e-5)
    np.testing.assert_allclose(moments.quadratic(towards), (scores**2).sum(axis=1), atol=1e-5)
