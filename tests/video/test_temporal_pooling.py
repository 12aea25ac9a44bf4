"""Poolings: only motion depends on the order of the frames; parts have equal weight."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vireo.arrays import Floats
from vireo.errors import InputError
from vireo.video import POOLINGS
from vireo.video.temporal import center_parts, pool_parts

NAMES = [name for name in POOLINGS.names() if name != "transformer"]


def vectors(count: int, seed: int = 0) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    return random.normal(size=(count, 4)).astype(np.float32), np.arange(count, dtype=np.float32)


@pytest.mark.parametrize("name", NAMES)
@given(count=st.integers(0, 9), seed=st.integers(0, 99))
def test_every_pooling_keeps_the_dimension(name: str, count: int, seed: int) -> None:
    part = POOLINGS.get(name)(*vectors(count, seed))
    assert part.shape == (4,)
    assert np.isfinite(part).all()


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


def test_parts_have_length_one_each_and_stillness_stays_zero() -> None:
    parts = [pool_parts(NAMES, POOLINGS, *vectors(5, seed)) for seed in range(6)]
    parts.append(pool_parts(NAMES, POOLINGS, *vectors(1, 7)))  # one frame: no motion
    parts.append(np.zeros_like(parts[0]))  # no frames
    rows = center_parts([np.stack([video[i] for video in parts]) for i in range(len(NAMES))])
    lengths = np.linalg.norm(rows.reshape(8, len(NAMES), 4), axis=2)
    np.testing.assert_allclose(lengths[:6], 1, rtol=1e-5)
    np.testing.assert_allclose(lengths[6], [name != "motion" for name in NAMES], rtol=1e-5)
    np.testing.assert_array_equal(lengths[7], 0)


def test_the_common_direction_is_removed() -> None:
    random = np.random.default_rng(0)
    own = random.normal(size=(200, 4)).astype(np.float32)
    raw, moved = center_parts([own]), center_parts([own + 50])
    before = raw @ raw.T
    similarity = moved @ moved.T
    assert np.corrcoef(before.ravel(), similarity.ravel())[0, 1] > 0.8  # uncentered, all are at 1


def test_a_lone_video_and_equal_videos_keep_a_vector() -> None:
    row = np.array([[3.0, 4.0]], np.float32)
    np.testing.assert_allclose(center_parts([row]), [[0.6, 0.8]], rtol=1e-6)
    np.testing.assert_allclose(center_parts([np.repeat(row, 9, axis=0)])[4], [0.6, 0.8], rtol=1e-5)


def test_attention_gives_less_weight_to_outlier_frames() -> None:
    from vireo.video.temporal import attention, mean

    times = np.arange(8, dtype=np.float32)
    frames = np.tile(np.array([1.0, 0.0, 0.0], np.float32), (8, 1))
    frames[3] = (0.0, 1.0, 0.0)  # a flash
    plain, weighed = mean.pool(frames, times), attention.pool(frames, times)
    assert weighed[1] < 0.2 * plain[1]
    assert weighed.sum() == pytest.approx(1.0, abs=1e-5)  # the weights sum to 1
    np.testing.assert_allclose(attention.pool(frames[::-1], times), weighed, atol=1e-6)
    np.testing.assert_allclose(attention.pool(frames[:1], times[:1]), frames[0], atol=1e-6)
    assert not attention.pool(frames[:0], times[:0]).any()


def test_the_transformer_comes_with_its_encoder_only() -> None:
    vectors = np.ones((2, 3), np.float32)
    times = np.arange(2, dtype=np.float32)
    with pytest.raises(InputError, match="trained together with the encoder 'cnn'"):
        pool_parts(["transformer"], POOLINGS, vectors, times)
    own = {"transformer": lambda rows, _: rows[0] * 7}
    assert (pool_parts(["mean", "transformer"], POOLINGS, vectors, times, own)[1] == 7).all()
