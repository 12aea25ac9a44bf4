"""Inputs of a batch: the same as written out viewer by viewer, and products by strips."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from vireo.behavior.base import History
from vireo.engine.base import Context, EngineSection
from vireo.engine.progress import NullProgress
from vireo.engine.serial import Serial
from vireo.interest.base import Batch, EaseSection, InterestSection
from vireo.interest.batch import PositiveMatrix
from vireo.interest.column_blocks import MAX_CATALOGUE_RATIO, READS, WIDTH, ColumnBlocks, worth_it
from vireo.interest.contract import batch_of, training_of
from vireo.interest.ease import Ease, EaseRecent
from vireo.interest.next_item import NextItem

N = 7
EVENTS = st.lists(st.tuples(st.integers(0, N - 1), st.booleans()), max_size=9)


def history(events: list[tuple[int, bool]]) -> History:
    videos = np.array([video for video, _ in events], dtype=np.int64)
    weights = np.array([1.0 if liked else -1.0 for _, liked in events], dtype=np.float32)
    return History(videos, weights, np.arange(len(events)))


@settings(deadline=None, max_examples=60)
@given(st.lists(EVENTS, max_size=5))
def test_the_matrices_are_what_their_sentences_say(viewers: list[list[tuple[int, bool]]]) -> None:
    wishes = PositiveMatrix.of([history(events) for events in viewers], N)
    binary, decayed, faded = np.zeros((3, len(viewers), N))
    for row, events in enumerate(viewers):
        newest_first = [video for video, liked in events if liked][::-1]
        distinct = list(dict.fromkeys(newest_first))
        for k, video in enumerate(distinct):
            binary[row, video] = 1.0
            decayed[row, video] = np.exp(-k / 3.0)
        for k, video in enumerate(newest_first):
            if np.exp(-k / 3.0) >= 0.2:
                faded[row, video] += np.exp(-k / 3.0)
    np.testing.assert_array_equal(wishes.binary().toarray(), binary)
    np.testing.assert_allclose(wishes.decayed(3.0).toarray(), decayed, rtol=1e-6)
    np.testing.assert_allclose(wishes.decayed_sum(3.0, 0.2).toarray(), faded, rtol=1e-6)


@pytest.mark.parametrize("columns", [1, WIDTH, WIDTH + 1, 3 * WIDTH - 5])
def test_products_by_strips_are_products(columns: int) -> None:
    rng = np.random.default_rng(columns)
    values = rng.random((40, 30), dtype=np.float32) * (rng.random((40, 30)) < 0.3)
    values[7] = 0.0  # a viewer without wishes
    inputs = sparse.csr_matrix(values)
    matrix = rng.normal(size=(30, columns)).astype(np.float32)
    places = 2 * np.arange(columns)
    found = ColumnBlocks.of(matrix, places, 2 * columns).times(inputs)
    np.testing.assert_allclose(found[:, ::2], values.astype(np.float64) @ matrix, atol=1e-5)
    assert not found[:, 1::2].any()


def test_rows_of_strips_stand_where_they_are_told() -> None:
    rng = np.random.default_rng(2)
    videos = np.sort(rng.permutation(3 * WIDTH)[: 2 * WIDTH])
    matrix = rng.normal(size=(len(videos), len(videos))).astype(np.float32)
    whole = np.zeros((3 * WIDTH, 3 * WIDTH))
    whole[np.ix_(videos, videos)] = matrix
    inputs = rng.random((7, 3 * WIDTH), dtype=np.float32)
    found = ColumnBlocks.of(matrix, videos, 3 * WIDTH, rows=videos).times(sparse.csr_matrix(inputs))
    np.testing.assert_allclose(found, inputs @ whole, atol=1e-3)


@pytest.mark.parametrize("kind", [Ease, EaseRecent, NextItem])
def test_many_viewers_at_once_get_what_each_gets_alone(kind: Any, tmp_path: Path) -> None:
    """Long histories over few videos, some of which nobody wanted: the strips are taken."""
    rng = np.random.default_rng(3)
    users = [rng.permutation(9)[: rng.integers(5, 9)].tolist() for _ in range(80)]
    training = training_of(users, 11)
    context = Context(Serial(EngineSection()), tmp_path, NullProgress(), seed=0)
    expert = kind.fit(training, InterestSection(ease=EaseSection(regularization=2.0)), context)
    batch = batch_of(training)
    assert worth_it(batch.positives, 9, 11)
    alone = [expert.score(Batch([one], batch.now, 11)) for one in batch.histories]
    np.testing.assert_allclose(expert.score(batch), np.vstack(alone), atol=1e-5)


def test_strips_are_cut_where_rows_are_read_again_and_again() -> None:
    once = sparse.csr_matrix(np.eye(READS * 2, dtype=np.float32))
    often = sparse.csr_matrix(np.ones((READS, 3), dtype=np.float32))
    assert not worth_it(once, READS * 2, READS * 2)
    assert worth_it(often, 3, 3)


def test_strips_leave_a_catalogue_alone_that_is_mostly_unwatched() -> None:
    often = sparse.csr_matrix(np.ones((READS, 3), dtype=np.float32))
    assert worth_it(often, 3, 3 * MAX_CATALOGUE_RATIO)
    assert not worth_it(often, 3, 3 * MAX_CATALOGUE_RATIO + 1)
