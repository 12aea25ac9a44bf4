"""Poolings: the order of the frames matters to motion alone; parts are of equal weight."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vireo.arrays import Floats
from vireo.video import POOLINGS
from vireo.video.temporal import join

NAMES = POOLINGS.names()


def vectors(count: int, seed: int = 0) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    return random.normal(size=(count, 4)).astype(np.float32), np.arange(count, dtype=np.float32)


@pytest.mark.parametrize("name", NAMES)
@given(count=st.integers(0, 9), seed=st.integers(0, 99))
def test_every_pooling_keeps_the_dimension(name: str, count: int, seed: int) -> None:
    pooled = POOLINGS.get(name)(*vectors(count, seed))
    assert pooled.shape == (4,)
    assert np.isfinite(pooled).all()


@pytest.mark.parametrize("name", NAMES)
@given(count=st.integers(1, 9), seed=st.integers(0, 99))
def test_rows_that_move_with_their_times_change_nothing(name: str, count: int, seed: int) -> None:
    frames, times = vectors(count, seed)
    order = np.random.default_rng(seed).permutation(count)
    pool = POOLINGS.get(name)
    np.testing.assert_allclose(pool(frames, times), pool(frames[order], times[order]), atol=1e-5)


def test_mean_and_maximum_do_not_see_the_order_and_motion_does() -> None:
    frames = np.array([[0, 0], [1, 0], [0, 0], [1, 0]], np.float32)
    times = np.arange(4, dtype=np.float32)
    sorted_frames = frames[np.argsort(frames[:, 0])]
    for name in ("mean", "max"):
        pool = POOLINGS.get(name)
        np.testing.assert_array_equal(pool(frames, times), pool(sorted_frames, times))
    motion = POOLINGS.get("motion")
    np.testing.assert_allclose(motion(frames, times), [1, 0])
    np.testing.assert_allclose(motion(sorted_frames, times), [1 / 3, 0])


def test_one_frame_does_not_move() -> None:
    np.testing.assert_array_equal(POOLINGS.get("motion")(*vectors(1)), np.zeros(4))


def test_joined_parts_have_length_one_each() -> None:
    joined = join(("mean", "max", "motion"), POOLINGS, *vectors(5))
    np.testing.assert_allclose(np.linalg.norm(joined.reshape(3, 4), axis=1), 1, rtol=1e-5)
    still = join(("mean", "motion"), POOLINGS, *vectors(1))
    np.testing.assert_allclose(np.linalg.norm(still.reshape(2, 4), axis=1), [1, 0], rtol=1e-5)
