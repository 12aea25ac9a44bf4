"""A portion of an index finds what the whole one finds among its rows, and serves while it can."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recommend.test_index import clustered
from vireo.recommend.index.portion import portion_of
from vireo.recommend.index.stored import FEW, Stored
from vireo.recommend.index.training import narrowed

pytest.importorskip("faiss")
N, WIDTH = 9000, 96


def test_the_best_of_the_portion_are_those_of_all_compared() -> None:
    vectors = clustered(N, 3, WIDTH)
    known = np.ones(N, dtype=np.bool_)
    plan = narrowed(vectors, known, clustered(50, 9, WIDTH), 0.98)
    if plan is None:
        pytest.skip("these vectors are not narrowed")
    later = np.vstack([vectors, clustered(5, 4, WIDTH)])
    index = Stored.of(plan, later)
    wanted = np.zeros(len(later), dtype=np.bool_)
    wanted[: 3 * FEW // 2] = wanted[N:] = True
    portion = portion_of(index, wanted)
    assert portion is not None
    assert len(portion.rows) == 3 * FEW // 2
    for towards in clustered(10, 5, WIDTH):
        scores = np.where(wanted, later @ towards, -np.inf)
        truth = set(np.argsort(-scores)[:50].tolist())
        found = portion.search(towards, 50, wanted)
        assert len(truth & set(found.tolist())) >= 45
        assert wanted[found].all()
        assert (np.diff(later[found] @ towards) <= 0).all()
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
