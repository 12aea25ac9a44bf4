"""Sampling plans: uniform, by shot, by frame rate, exact; and crops."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.video.clips import BLUE, GREEN, RED, plain, write_clip
from vireo.arrays import Bytes
from vireo.video.contact_sheet import contact_sheet
from vireo.video.frames import sample_frames
from vireo.video.memory_limit import memory_limit
from vireo.video.pixels import square_crops, squeeze
from vireo.video.sampling import MAX_FRAMES, SamplingPlan, times_by_shot
from vireo.video.shot_detection import detect_cuts


def three_shots(index: int, pixels: Bytes) -> None:
    """Red for 0.8 s, green for 1.2 s, blue for 4 s."""
    pixels[:] = RED if index < 8 else GREEN if index < 20 else BLUE


def colors(pixels: Bytes) -> list[int]:
    return [int(index) for index in pixels.reshape(len(pixels), -1, 3).mean(1).argmax(1)]


@pytest.mark.parametrize("codec", ["mpeg4", "libx264"])
def test_cuts_are_found_where_they_were_made(tmp_path: Path, codec: str) -> None:
    path = write_clip(tmp_path / "a.mp4", three_shots, frames=60, codec=codec)
    np.testing.assert_allclose(detect_cuts(path), [0.8, 2.0], atol=0.31)  # a left-out frame or two
    assert detect_cuts(write_clip(tmp_path / "b.mp4", plain(RED), codec=codec)) == []


def test_every_shot_is_seen_before_any_is_seen_twice(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", three_shots, frames=60, codec="libx264")
    by_shot = sample_frames(path, SamplingPlan(3, 32, sampling="scenes", exact_frames=True))
    even = sample_frames(path, SamplingPlan(3, 32, exact_frames=True))
    assert by_shot is not None
    assert even is not None
    assert colors(by_shot.frames.pixels) == [0, 1, 2]
    assert colors(even.frames.pixels) == [1, 2, 2]


@given(
    st.floats(0.1, 1e4),
    st.lists(st.floats(-10, 1e4), max_size=30),
    st.integers(1, 40),
)
def test_moments_lie_in_the_film_in_order(seconds: float, cuts: list[float], count: int) -> None:
    times = times_by_shot(seconds, cuts, count)
    assert len(times) == count
    assert times == sorted(times)
    assert all(0 <= time <= seconds for time in times)


def test_no_cut_is_the_same_as_equal_parts() -> None:
    plan = SamplingPlan(5, 32, sampling="scenes")
    assert plan.targets(10.0) == pytest.approx(SamplingPlan(5, 32).targets(10.0)) == [1, 3, 5, 7, 9]


def test_so_many_a_second(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", three_shots, frames=60)
    found = sample_frames(path, SamplingPlan(4, 32, sampling="fps", fps=2.0, exact_frames=True))
    assert found is not None
    assert len(found.frames.times) == 12
    assert len(SamplingPlan(4, 32, sampling="fps", fps=25.0).targets(3600.0)) == MAX_FRAMES
    assert len(SamplingPlan(4, 32, sampling="fps").targets(0.0)) == 1


def test_exact_frames_are_those_of_a_full_decoding(tmp_path: Path) -> None:
    """Skipping frames that are no references must not change the sampled frames."""
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)

    def draw(index: int, pixels: Bytes) -> None:
        pixels[:] = np.roll(noise, index, axis=1)

    path = write_clip(tmp_path / "a.mp4", draw, frames=60, codec="libx264", key_every=30)
    found = sample_frames(path, SamplingPlan(7, 48, crops=1, exact_frames=True))
    assert found is not None
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    for pixels, time in zip(found.frames.pixels, found.frames.times, strict=True):
        frame = min(frames, key=lambda frame: abs((frame.time or 0.0) - time))
        assert abs((frame.time or 0.0) - time) < 1e-3
        whole = frame.reformat(format="rgb24", interpolation="AREA").to_ndarray()
        np.testing.assert_array_equal(pixels, whole[:, 8:56])
    targets = [(i + 0.5) * 6 / 7 for i in range(7)]
    assert (np.abs(found.frames.times - targets) <= 0.1).all()


def test_looks_cover_the_picture_from_end_to_end() -> None:
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, :10, 0], wide[:, 10:20, 1], wide[:, 20:, 2] = 200, 200, 200
    assert colors(square_crops(wide, 10, 3, 0)) == [0, 1, 2]
    assert colors(square_crops(wide, 10, 1, 0)) == [1]
    assert colors(square_crops(wide.swapaxes(0, 1), 10, 2, 0)) == [0, 2]
    assert square_crops(wide, 10, 0, 1).shape == (1, 10, 10, 3)


@pytest.mark.parametrize("length", [10, 13, 20, 40])
def test_squeezing_keeps_the_light(length: int) -> None:
    random = np.random.default_rng(length)
    tall = random.integers(0, 256, (length, 10, 3)).astype(np.uint8)
    small = squeeze(tall, 10)
    assert small.shape == (10, 10, 3)
    np.testing.assert_allclose(small.mean(), tall.mean(), atol=12)
    np.testing.assert_array_equal(squeeze(np.full((10, length, 3), 7, np.uint8), 10), 7)


def test_a_contact_sheet_shows_the_pictures_in_order(tmp_path: Path) -> None:
    thumbnails = [np.full((30, 40, 3), color, np.uint8) for color in (RED, GREEN, BLUE)]
    path = tmp_path / "sheet.jpg"
    path.write_bytes(contact_sheet(thumbnails))
    assert contact_sheet(thumbnails) == path.read_bytes()
    with av.open(str(path)) as container:
        image = next(container.decode(video=0)).to_ndarray(format="rgb24")
    places = image[19, [24, 68, 112]].astype(int)
    np.testing.assert_allclose(places, [RED, GREEN, BLUE], atol=25)
    assert contact_sheet([]) == b""


def test_memory_beyond_the_limit_is_refused_at_once_and_the_limit_goes_away() -> None:
    with memory_limit(200), pytest.raises(MemoryError):
        np.ones(10**10, np.uint8)
    with memory_limit(200):
        assert np.ones(10**7, np.uint8).all()
    with memory_limit(0):
        assert np.ones(10**9, np.uint8).size == 10**9
