"""An expert that speaks of few videos says of them what it says of all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.interest.test_neighbours_at_scale import VIDEOS, training
from vireo.behavior.base import History
from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.serial import Serial
from vireo.interest.base import Batch, InterestSection
from vireo.interest.cooccurrence import ItemKnn, SessionCooccurrence, Transitions
from vireo.interest.expert_protocols import sparse_scores_of
from vireo.interest.new_items import NeighborPaddedExpert, PaddedExpert
from vireo.interest.popularity import Popularity
from vireo.interest.sparse_scores import SparseScores, found

FEW = SparseScores(np.array([2, 5, 9]), np.array([3.0, -1.0, 2.0], dtype=np.float32), 12)


def test_the_scores_of_any_videos_are_those_of_the_few_and_0() -> None:
    assert FEW.at(np.array([9, 0, 2, 11, 5])).tolist() == [2.0, 0.0, 3.0, 0.0, -1.0]
    assert FEW.whole.tolist() == FEW.at(np.arange(12)).tolist()
    nobody = SparseScores(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32), 3)
    assert nobody.at(np.arange(3)).tolist() == [0.0] * 3


def test_rows_are_found_among_others_and_nothing_among_none() -> None:
    there, place = found(np.array([7, 1, 4, 7]), np.array([1, 5, 7]))
    assert (there.tolist(), place.tolist()) == ([0, 1, 3], [2, 0, 2])
    assert not len(found(np.array([1]), np.zeros(0, dtype=np.int64))[0])


@pytest.mark.parametrize("expert", [Transitions, SessionCooccurrence, ItemKnn])
def test_neighbours_say_of_few_what_they_say_of_all(
    expert: type[Transitions], tmp_path: Path
) -> None:
    context = Context(Serial(EngineSection()), tmp_path, NullProgress(), seed=0)
    fitted = expert.fit(training(), InterestSection(), context)
    padded = PaddedExpert(fitted, VIDEOS, 2)
    for history in (training().histories.row(3), History.empty()):
        few, wider = sparse_scores_of(fitted, history), sparse_scores_of(padded, history)
        assert few is not None
        assert wider is not None
        scores = fitted.score(Batch([history], 0, VIDEOS))[0]
        np.testing.assert_allclose(few.whole, scores, rtol=1e-6)
        assert (np.diff(few.rows) > 0).all()
        padded_scores = padded.score(Batch([history], 0, VIDEOS + 2))[0]
        np.testing.assert_allclose(wider.whole, padded_scores, rtol=1e-6)


def test_others_do_not_speak_of_few(tmp_path: Path) -> None:
    context = Context(Serial(EngineSection()), tmp_path, NullProgress(), seed=0)
    popular = Popularity.fit(training(), InterestSection(), context)
    history = training().histories.row(3)
    assert sparse_scores_of(popular, history) is None
    assert sparse_scores_of(PaddedExpert(popular, VIDEOS, 1), history) is None
    neighbours = ItemKnn.fit(training(), InterestSection(), context)
    related = NeighborPaddedExpert(neighbours, VIDEOS, 1, np.array([[0, 1, 2, 3, 4]]))
    assert sparse_scores_of(related, history) is None, "it speaks of newcomers, too"
