"""Sparse scores of one user are the dense scores without the zeros."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.interest.test_neighbours_at_scale import VIDEOS, training
from vireo.arrays import matched
from vireo.behavior.base import History
from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.serial import Serial
from vireo.interest.base import Batch, InterestSection
from vireo.interest.cooccurrence import ItemKnn, SessionCooccurrence, Transitions
from vireo.interest.expert import Expert
from vireo.interest.expert_protocols import Abilities, SparseScores
from vireo.interest.new_items import NeighborPaddedExpert, PaddedExpert
from vireo.interest.popularity import Popularity


def sparse_scores_of(expert: Expert, history: History) -> SparseScores | None:
    able = Abilities.of(expert).sparse
    return None if able is None else able.sparse_scores(history)


SCORES = SparseScores(np.array([2, 5, 9]), np.array([3.0, -1.0, 2.0], dtype=np.float32), 12)


def test_videos_without_a_sparse_score_score_0() -> None:
    assert SCORES.at(np.array([9, 0, 2, 11, 5])).tolist() == [2.0, 0.0, 3.0, 0.0, -1.0]
    assert SCORES.dense.tolist() == SCORES.at(np.arange(12)).tolist()
    empty = SparseScores(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32), 3)
    assert empty.at(np.arange(3)).tolist() == [0.0] * 3


def test_rows_match_their_positions_in_rising_rows() -> None:
    there, place = matched(np.array([7, 1, 4, 7]), np.array([1, 5, 7]))
    assert (there.tolist(), place.tolist()) == ([0, 1, 3], [2, 0, 2])
    assert not len(matched(np.array([1]), np.zeros(0, dtype=np.int64))[0])


@pytest.mark.parametrize("expert", [Transitions, SessionCooccurrence, ItemKnn])
def test_sparse_scores_of_neighborhood_models_are_their_scores(
    expert: type[Transitions], tmp_path: Path
) -> None:
    context = Context(Serial(EngineSection()), tmp_path, NullProgress(), seed=0)
    fitted = expert.fit(training(), InterestSection(), context)
    padded = PaddedExpert(fitted, VIDEOS, 2)
    for history in (training().histories.row(3), History.empty()):
        sparse, wider = sparse_scores_of(fitted, history), sparse_scores_of(padded, history)
        assert sparse is not None
        assert wider is not None
        scores = fitted.score(Batch([history], 0, VIDEOS))[0]
        np.testing.assert_allclose(sparse.dense, scores, rtol=1e-6)
        assert (np.diff(sparse.rows) > 0).all()
        padded_scores = padded.score(Batch([history], 0, VIDEOS + 2))[0]
        np.testing.assert_allclose(wider.dense, padded_scores, rtol=1e-6)


def test_experts_with_dense_scores_have_no_sparse_scores(tmp_path: Path) -> None:
    context = Context(Serial(EngineSection()), tmp_path, NullProgress(), seed=0)
    popular = Popularity.fit(training(), InterestSection(), context)
    history = training().histories.row(3)
    assert sparse_scores_of(popular, history) is None
    assert sparse_scores_of(PaddedExpert(popular, VIDEOS, 1), history) is None
    neighbours = ItemKnn.fit(training(), InterestSection(), context)
    related = NeighborPaddedExpert(neighbours, VIDEOS, 1, np.array([[0, 1, 2, 3, 4]]))
    assert sparse_scores_of(related, history) is None, "it scores cold items too"
