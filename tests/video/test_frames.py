"""Frames: colors drawn at known times are found at these times."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from tests.video.clips import BLUE, GREEN, RED, plain, thirds, write_clip
from vireo.arrays import Bytes
from vireo.video.frames import FrameSample, sample_frames
from vireo.video.media import UnreadableMedia
from vireo.video.pixels import scaled_size
from vireo.video.sampling import SamplingPlan


def sampled(path: Path, count: int = 6, resolution: int = 32) -> FrameSample:
    found = sample_frames(path, SamplingPlan(count, resolution))
    assert found is not None
    assert found.frames.pixels.shape[1:] == (resolution, resolution, 3)
    return found


def colors(found: FrameSample) -> list[int]:
    """Which of red, green and blue is strongest, per frame."""
    means: Bytes = found.frames.pixels.reshape(len(found.frames.times), -1, 3).mean(1)
    return [int(index) for index in means.argmax(1)]


@pytest.mark.parametrize("key_every", [1, 5, 300])
@pytest.mark.parametrize(("codec", "ending"), [("mpeg4", "mp4"), ("libx264", "mkv")])
def test_frames_are_spread_over_the_whole_length(
    tmp_path: Path, key_every: int, codec: str, ending: str
) -> None:
    path = write_clip(tmp_path / f"a.{ending}", thirds, codec=codec, key_every=key_every)
    found = sampled(path)
    assert colors(found) == [0, 0, 1, 1, 2, 2]
    assert found.error == ""
    assert (np.diff(found.frames.times) > 0).all()
    np.testing.assert_allclose(found.frames.times, (np.arange(6) + 0.5) * 0.5, atol=0.26)


def test_a_clip_shorter_than_the_wanted_frames_gives_those_it_has(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", plain(RED), frames=3)
    found = sampled(path, count=8)
    assert 1 <= len(found.frames.times) <= 3
    assert found.error == ""


def test_colors_and_the_centre_are_kept(tmp_path: Path) -> None:
    def draw(index: int, pixels: Bytes) -> None:
        pixels[:, :] = BLUE
        pixels[:, 40:120] = GREEN  # the centre 80 x 80 of 160 x 80

    path = write_clip(tmp_path / "a.mp4", draw, size=(160, 80), codec="libx264")
    pixels = sampled(path, resolution=40).frames.pixels[:, 4:-4, 4:-4]
    np.testing.assert_allclose(pixels.reshape(-1, 3).mean(0), GREEN, atol=12)


@pytest.mark.parametrize("size", [(63, 47), (17, 301), (2, 2)])
def test_odd_sizes(tmp_path: Path, size: tuple[int, int]) -> None:
    path = write_clip(
        tmp_path / "a.mkv", plain(RED), size=size, codec="ffv1", pixel_format="yuv444p"
    )
    found = sampled(path)
    assert (found.width, found.height) == size
    assert set(colors(found)) == {0}


def test_ten_bits(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", plain(GREEN), codec="ffv1", pixel_format="yuv420p10le")
    assert set(colors(sampled(path))) == {1}


def test_a_turned_camera_is_turned_back(tmp_path: Path) -> None:
    def draw(index: int, pixels: Bytes) -> None:
        pixels[:24] = RED  # the upper half
        pixels[24:] = BLUE

    path = write_clip(tmp_path / "a.mp4", draw, codec="libx264")
    upright = sampled(path).frames.pixels[0]
    path.write_bytes(_turned(path.read_bytes()))
    found = sampled(path)
    assert (found.width, found.height) == (48, 64)
    # libav: a matrix for "turn by 90 degrees clockwise" puts the upper half to the right
    turned = found.frames.pixels[0]
    np.testing.assert_allclose(turned, np.rot90(upright, -1), atol=3)
    assert turned[:, -8:, 0].mean() > 150 > 80 > turned[:, :8, 0].mean()


def _turned(mp4: bytes) -> bytes:
    """The file with a display matrix of 90 degrees clockwise in its track header."""
    at = mp4.index(b"tkhd") + 4 + 40
    one, zero, minus = (n.to_bytes(4, "big", signed=True) for n in (1 << 16, 0, -(1 << 16)))
    w = (1 << 30).to_bytes(4, "big")
    matrix = zero + one + zero + minus + zero + zero + zero + zero + w
    return mp4[:at] + matrix + mp4[at + 36 :]


def test_a_picture_is_a_video_of_one_frame(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with av.open(str(path), "w", format="image2", options={"update": "1"}) as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 50, 40, "rgb24"
        frame = av.VideoFrame.from_ndarray(np.full((40, 50, 3), BLUE, np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    found = sampled(path)
    assert colors(found) == [2]
    assert found.error == ""


def test_sound_alone_has_no_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.int16), "s16", "mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
    assert sample_frames(path, SamplingPlan(4, 32)) is None


def test_a_truncated_file_gives_what_can_be_had(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)

    def draw(index: int, pixels: Bytes) -> None:
        pixels[:] = noise.integers(0, 256, pixels.shape)

    whole = write_clip(tmp_path / "a.mkv", draw, codec="libx264").read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole[: len(whole) * 2 // 5])
    found = sampled(cut)
    assert len(found.frames.times) >= 3
    assert found.error != ""
    assert found.frames.times.max() < 1.5


def test_bad_files_are_unreadable_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "garbage.mp4").write_bytes(np.random.default_rng(0).bytes(5_000))
    (tmp_path / "text.mp4").write_text("this is no video\n" * 50)
    (tmp_path / "folder.mp4").mkdir()
    for name, reason in {
        "empty.mp4": "empty",
        "garbage.mp4": "not a media file",
        "text.mp4": "not a media file",
        "folder.mp4": "a directory",
        "missing.mp4": "file not found",
    }.items():
        with pytest.raises(UnreadableMedia, match=reason):
            sample_frames(tmp_path / name, SamplingPlan(4, 32))


def test_a_playlist_is_refused(tmp_path: Path) -> None:
    write_clip(tmp_path / "part.ts", plain(RED), codec="mpeg2video")
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\npart.ts\n#EXT-X-ENDLIST\n"
    (tmp_path / "a.m3u8").write_text(playlist)
    with pytest.raises(UnreadableMedia):
        sample_frames(tmp_path / "a.m3u8", SamplingPlan(4, 32))


def test_libav_keeps_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    whole = write_clip(tmp_path / "a.mp4", thirds, codec="libx264").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableMedia):
        sample_frames(tmp_path / "cut.mp4", SamplingPlan(4, 32))
    broken = bytearray(whole)
    broken[100:400] = b"x" * 300
    (tmp_path / "broken.mp4").write_bytes(bytes(broken))
    sampled(tmp_path / "broken.mp4")
    assert capfd.readouterr().err == ""


def test_scaled_size_keeps_the_shape_within_bounds() -> None:
    assert scaled_size(1920, 1080, 96) == (171, 96)
    assert scaled_size(1080, 1920, 96) == (96, 171)
    assert scaled_size(10_000, 2, 96) == (384, 96)
    assert scaled_size(1, 1, 96) == (96, 96)
