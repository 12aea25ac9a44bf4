"""A subset index finds the rows that the whole index finds among its rows."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recommend.test_index import clustered
from vireo.recommend.index.ann_index import FEW, AnnIndex
from vireo.recommend.index.subset_index import WIDER, portion_of
from vireo.recommend.index.tuning import tune_ivf, tune_pca

pytest.importorskip("faiss")
N, WIDTH = 9000, 96


def test_the_best_of_the_portion_are_those_of_all_compared() -> None:
    vectors = clustered(N, 3, WIDTH)
    known = np.ones(N, dtype=np.bool_)
    plan = tune_pca(vectors, known, clustered(50, 9, WIDTH), 0.98)
    if plan is None:
        pytest.skip("these vectors are not narrowed")
    later = np.vstack([vectors, clustered(5, 4, WIDTH)])
    index = AnnIndex.of(plan, later)
    wanted = np.zeros(len(later), dtype=np.bool_)
    wanted[: 3 * FEW // 2] = wanted[N:] = True
    portion = portion_of(index, wanted)
    assert portion is not None
    assert len(portion.rows) == 3 * FEW // 2
    for towards in clustered(10, 5, WIDTH):
        scores = np.where(wanted, later @ towards, -np.inf)
        truth = set(np.argsort(-scores)[:50].tolist())
        found = portion.search(towards, 50, wanted)
        assert len(truth & set(found.tolist())) >= 30, "the best in few directions"
        assert wanted[found].all()
        assert len(set(found.tolist())) == len(found)
    fewer = wanted.copy()
    fewer[:40] = False
    again = portion_of(index, fewer)
    assert again is not None
    assert again.main is portion.main, "what is wanted became less: the same serves"
    assert fewer[again.search(clustered(1, 5, WIDTH)[0], 50, fewer)].all()
    moved = fewer.copy()
    moved[5000:5100] = True
    other = portion_of(index, moved)
    assert other is not None
    assert other.main is not portion.main, "rows that are new to it: it is made anew"
    assert portion_of(index, np.ones(len(later), dtype=np.bool_)) is None


def test_lists_are_kept_and_a_part_of_them_looked_through() -> None:
    vectors = clustered(20_000, 4)
    plan = tune_ivf(vectors, np.ones(20_000, dtype=np.bool_), clustered(200, 8), 0.95, 0)
    index = AnnIndex.of(plan, vectors)
    wanted = np.arange(20_000) % 4 == 0
    portion = portion_of(index, wanted)
    assert portion is not None
    assert portion.main.nlist == len(plan.centroids)
    assert WIDER * plan.probes < len(plan.centroids), "it must not look through everything"
    shares = []
    for towards in clustered(50, 9):
        truth = np.argsort(np.where(wanted, -(vectors @ towards), np.inf))[:100]
        shares.append(np.isin(truth, portion.search(towards, 100, wanted)).mean())
    assert np.mean(shares) >= 0.93


def test_what_came_later_is_found_beside_the_best() -> None:
    vectors = clustered(20_000, 4)
    plan = tune_ivf(vectors, np.ones(20_000, dtype=np.bool_), clustered(200, 8), 0.95, 0)
    later = np.vstack([vectors, clustered(30, 6)])
    portion = portion_of(AnnIndex.of(plan, later), np.arange(len(later)) % 4 == 0)
    assert portion is not None
    allowed = np.arange(len(later)) >= 20_000
    towards = clustered(1, 9)[0]
    best = 20_000 + np.argsort(-(later[20_000:] @ towards))
    assert portion.search(towards, 10, allowed).tolist() == best[:10].tolist()
    assert set(portion.search(towards, 99, allowed).tolist()) == set(best.tolist())
