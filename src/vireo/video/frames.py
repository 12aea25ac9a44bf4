"""A video file -> sampled frames: at equal distances, by shot, or at a frame rate.

Decoding a whole film to keep eight frames is waste: seeking to the nearest key frames costs a few
milliseconds each. Short or unusual files have too few key frames; there, frames between them are
decoded as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vireo.arrays import Bytes
from vireo.video import shot_detection
from vireo.video.contact_sheet import thumbnail
from vireo.video.extraction import Frames
from vireo.video.media import Decoder, open_media, stream_duration, video_stream
from vireo.video.pixels import quarter_turns, scale, square_crops
from vireo.video.sampling import SamplingPlan

if TYPE_CHECKING:
    from av.container import InputContainer

MIN_KEY_FRAME_SHARE = 0.75
"""Share of the targets that distinct key frames must cover; below it, exact frames are decoded."""
MAX_PIXELS = 2_500_000_000
"""Pixels decoded at most between key frames: about four seconds of work."""
MAX_MISSING_SECONDS = 0.5
"""Seconds that the video stream may end before the file without being an error."""
FRAME_SECONDS = 0.04
"""Assumed duration of a frame without a timestamp."""
SEEK_BACK_SECONDS = (0.0, 1.0, 8.0, 1e6)
"""Seconds before a target from which to decode, tried in this order. The last is before the
beginning: some files are indexed by decoding time, and only that finds their first frames."""
PIXEL_ASPECTS = (0.2, 5.0)
"""Pixel aspect ratios outside of this range come from a broken header."""


@dataclass(frozen=True)
class FrameSample:
    """Sampled frames, the display size of the video, and the first error ("" for none)."""

    frames: Frames
    width: int
    height: int
    error: str = ""
    thumbnails: tuple[Bytes, ...] = ()
    """Uncropped frames, small and upright, for a contact sheet."""


@dataclass
class _Collector:
    """Crops and thumbnails by the time of their frame, in seconds."""

    plan: SamplingPlan
    pixel_aspect: float
    crops: dict[float, Bytes] = field(default_factory=dict)
    thumbnails: dict[float, Bytes] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    size: tuple[int, int] = (0, 0)
    last_time: float = 0.0

    def add(self, time: float, frame: Any) -> None:
        if time in self.crops:
            return
        side, turns = self.plan.resolution, quarter_turns(frame)
        small = scale(frame, side, self.pixel_aspect)
        self.crops[time] = square_crops(small, side, self.plan.crops, turns)
        self.thumbnails[time] = np.rot90(thumbnail(small, self.plan.thumbnail_side), turns)
        size = (round(frame.width * self.pixel_aspect), frame.height)
        self.size = size if turns % 2 == 0 else (size[1], size[0])
        if frame.is_corrupt:
            self.errors.append("a frame is damaged")

    def without_frames(self) -> _Collector:
        return _Collector(self.plan, self.pixel_aspect, errors=self.errors)

    def sample(self) -> FrameSample:
        times = sorted(self.crops)
        side = self.plan.resolution
        pixels = np.array([self.crops[time] for time in times], dtype=np.uint8)
        frames = Frames(pixels.reshape(-1, side, side, 3), np.array(times, dtype=np.float32))
        error = self.errors[0] if self.errors else ""
        if not times:
            error = f"no frame can be decoded{f': {error}' if error else ''}"
        thumbnails = tuple(self.thumbnails[time] for time in times)
        return FrameSample(frames, *self.size, error, thumbnails)


def sample_frames(path: Path, plan: SamplingPlan) -> FrameSample | None:
    """The frames of the plan, or fewer; None where the file has no video stream.

    Frames are upright, square and in order of time. Raises UnreadableMedia.
    """
    with open_media(path) as container:
        stream = video_stream(container)
        if stream is None:
            return None
        seconds = stream_duration(container, stream)
        if seconds is None:
            seconds = _last_packet_time(path)
        cuts = shot_detection.detect_cuts(path) if plan.sampling == "scenes" else []
        targets = plan.targets(seconds, cuts)
        collector = _Collector(plan, _pixel_aspect(stream))
        key_times = _key_frames(container, collector, targets)
    if len(collector.crops) < MIN_KEY_FRAME_SHARE * len(targets):
        collector = _exact_frames(path, collector, seconds, targets, key_times)
    return collector.sample()


def _exact_frames(
    path: Path,
    key_frames: _Collector,
    seconds: float,
    targets: list[float],
    key_times: list[float | None],
) -> _Collector:
    """Frames at the targets; in a truncated file, at new targets over its actual length."""
    collector = key_frames.without_frames()
    if not _decode_targets(path, collector, targets, key_times):
        return collector if len(collector.crops) > len(key_frames.crops) else key_frames
    missing = targets[-1] - collector.last_time
    if missing > max(0.2 * seconds, MAX_MISSING_SECONDS):
        end = collector.last_time
        collector = collector.without_frames()
        collector.errors.append(f"the video stream ends at {end:.1f} of {seconds:.1f} s")
        _decode_targets(path, collector, collector.plan.targets(end), [])
    return collector


def _pixel_aspect(stream: Any) -> float:
    aspect = float(stream.sample_aspect_ratio or 1)
    return aspect if PIXEL_ASPECTS[0] < aspect < PIXEL_ASPECTS[1] else 1.0


def _last_packet_time(path: Path) -> float:
    """Duration of a stream without a declared one: packets are read, not decoded."""
    with open_media(path) as container:
        decoder = Decoder(container, video_stream(container))
        base, last = decoder.stream.time_base, 0.0
        try:
            for packet in container.demux(decoder.stream):
                if packet.pts is not None:
                    last = max(last, float(packet.pts * base) - decoder.start)
        except (OSError, ValueError):  # damage: the packets before it count
            return last
    return last


def _key_frames(
    container: InputContainer, collector: _Collector, targets: Sequence[float]
) -> list[float | None]:
    """Adds the key frame before each target; returns the time of each (None: not found).

    For a plan with `exact_frames`, key frames are located and not decoded.
    """
    decoder = Decoder(container, video_stream(container))
    found: list[float | None] = []
    packets = set[int]()
    for target in targets:
        packet = decoder.first_packet() if decoder.seek(target) else None
        if packet is None:
            found.append(None)
        elif collector.plan.exact_frames:
            time = decoder.packet_time(packet)
            # frames displayed before their key frame cannot be decoded from it
            found.append(time if time is not None and time <= target else None)
        elif packet.is_keyframe and packet.pts is not None and packet.pts in packets:
            found.append(found[-1])
        else:
            if packet.pts is not None:
                packets.add(packet.pts)
            found.append(_add_key_frame(decoder, packet, collector))
    collector.errors += decoder.errors
    return found


def _add_key_frame(decoder: Decoder, packet: Any, collector: _Collector) -> float | None:
    """Adds the frame that starts with a packet; returns its time, None without one."""
    frame = decoder.decode_key_frame(packet)
    time = decoder.frame_time(frame) if frame is not None else None
    if time is not None:
        collector.add(time, frame)
    return time


def _decode_targets(
    path: Path, collector: _Collector, targets: list[float], key_times: list[float | None]
) -> bool:
    """Adds the first frame at or after each target, seeking where a key frame lies ahead.

    False if MAX_PIXELS were decoded before the last target.
    """
    key_times = key_times or [None] * len(targets)
    with open_media(path) as container:
        reader = _SeekingReader(Decoder(container, video_stream(container)))
        followers = [*key_times[1:], math.inf]
        for target, key_time, next_key in zip(targets, key_times, followers, strict=True):
            reader.advance(target, key_time, single=next_key is not None and next_key > target)
            collector.last_time = max(collector.last_time, reader.time)
            if reader.frame is not None:
                collector.add(reader.time, reader.frame)
            if reader.pixels_left < 0:
                return False
    collector.errors += reader.decoder.errors
    return True


class _SeekingReader:
    """Advances to ascending times by decoding, or by seeking to key frames."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        self.frames: Iterator[Any] = decoder.frames()
        self.pixels_left, self.time = MAX_PIXELS, 0.0
        self.frame: Any = None
        self.must_seek = False
        """Whether decoding cannot continue from the current position."""

    def advance(self, target: float, key_time: float | None, single: bool) -> None:
        """Advances to the first frame at or after the target, or to the last frame.

        `key_time` is the time of the key frame before it. `single`: the next target has a key
        frame of its own, so no frame after this one is needed.
        """
        self.decoder.skip_before = target
        if self.must_seek or (key_time is not None and key_time > self.time):
            self._seek(target, single)
        self._decode_until(target)
        if self.must_seek and self.time < target and self.pixels_left >= 0:
            self._seek(target, single=False)
            self._decode_until(target)

    def _seek(self, target: float, single: bool) -> None:
        """Seeks to a position from which the target can be decoded.

        Some files seek to the next key frame instead of the previous one; then from farther back.
        """
        self.must_seek = single
        for back in SEEK_BACK_SECONDS:
            self.decoder.seek(target - back) or self.decoder.seek(0.0)
            frames = self.decoder.frames_until(target) if single else self.decoder.frames()
            first = next(frames, None)
            self.frames = chain([] if first is None else [first], frames)
            time = None if first is None else self.decoder.frame_time(first)
            if time is not None and time <= target:
                return

    def _decode_until(self, target: float) -> None:
        for frame in self.frames:
            time = self.decoder.frame_time(frame)
            self.time, self.frame = (self.time + FRAME_SECONDS if time is None else time), frame
            self.pixels_left -= frame.width * frame.height
            if self.time >= target or self.pixels_left < 0:
                return
