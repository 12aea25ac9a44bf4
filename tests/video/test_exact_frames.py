"""Exact frames: whatever the codec and the container, those that a full decoding would show."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from tests.video.clips import write_clip
from vireo.arrays import Bytes
from vireo.video.frames import sample_frames
from vireo.video.media import Decoder, open_media, stream_duration, video_stream
from vireo.video.sampling import SamplingPlan

FRAMES = 90
KINDS = [
    ("libx264", "clip.mp4"),  # reordered frames, some of which are no references
    ("libx264", "clip.ts"),
    ("libx265", "clip.mkv"),
    ("mpeg2video", "clip.mpg"),  # seeks to positions without a decodable frame
    ("mpeg4", "clip.avi"),
    ("libvpx-vp9", "clip.webm"),
    ("libsvtav1", "clip.mp4"),  # decoded by a library that lags behind its input
]


def numbered(index: int, pixels: Bytes) -> None:
    """Seven stripes, white where the number of the frame has a one."""
    for place in range(7):
        pixels[:, place * 16 : (place + 1) * 16] = 235 if index >> place & 1 else 20


def number(pixels: Bytes) -> int:
    """The number of the frame that (side, side, 3) pixels show, squeezed."""
    side = len(pixels)
    columns = [round((place + 0.5) * side / 7) for place in range(7)]
    return sum(int(pixels[side // 2, column].mean() > 128) << i for i, column in enumerate(columns))


@pytest.mark.parametrize(("codec", "name"), KINDS, ids=lambda text: text)
@pytest.mark.parametrize("count", [4, 16])
def test_the_frames_are_those_at_the_wanted_moments(
    codec: str, name: str, count: int, tmp_path: Path
) -> None:
    if codec not in av.codecs_available:
        pytest.skip(f"this libav has no {codec}")
    path = write_clip(
        tmp_path / name, numbered, frames=FRAMES, size=(112, 64), codec=codec, key_every=25
    )
    found = sample_frames(path, SamplingPlan(count, 64, crops=0, exact_frames=True))
    assert found is not None
    assert found.error == ""
    with open_media(path) as container:
        stream = video_stream(container)
        assert stream is not None
        decoder = Decoder(container, stream)
        targets = SamplingPlan(count, 64).targets(stream_duration(container, stream) or 0.0)
        times = [decoder.frame_time(frame) or 0.0 for frame in decoder.frames()]
    assert len(times) == FRAMES
    numbers = [number(pixels) for pixels in found.frames.pixels]
    # every frame shows its number: the times must be those of the numbers
    np.testing.assert_allclose([times[i] for i in numbers], found.frames.times, atol=1e-4)
    for time, i in zip(targets, numbers, strict=True):
        assert times[i] >= time - 1e-6
        assert i == 0 or times[i - 1] < time + 1e-6
