"""A video file -> a few frames: spread over its length, by its shots, or so many a second.

Decoding every frame of a film to keep eight is waste: seeking to the nearest key frames costs
a few milliseconds each. Short or unusual files have too few key frames; those are decoded on.
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
from vireo.video.base import Frames
from vireo.video.contact_sheet import smaller
from vireo.video.media import Decoder, length, opened, video_stream
from vireo.video.pixels import quarters, scaled, squares
from vireo.video.sampling import SamplingPlan

if TYPE_CHECKING:
    from av.container import InputContainer

ENOUGH = 0.75
"""Share of the wanted frames that distinct key frames must give; else frames are decoded on."""
MOST_PIXELS = 2_500_000_000
"""Pixels decoded at most between key frames: about four seconds of work."""
SHORT = 0.5
"""Seconds that pictures may end before the file does without a word about it."""
UNTIMED = 0.04
"""Seconds that a frame without a time is taken to last."""
BACK = (0.0, 1.0, 8.0, 1e6)
"""Seconds before a moment from which it is decoded, where less led behind it; the last is before
the beginning, which some files are sought by the clock of decoding to find."""
PIXEL_ASPECTS = (0.2, 5.0)
"""Shapes of a pixel outside of this are a broken header."""


@dataclass(frozen=True)
class FrameSample:
    """Frames, the size of the picture as shown, and what went wrong ("" for nothing)."""

    frames: Frames
    width: int
    height: int
    trouble: str = ""
    stills: tuple[Bytes, ...] = ()
    """The whole pictures, small and upright, for a contact sheet."""


@dataclass
class _Album:
    """Pictures by the moment that they show."""

    plan: SamplingPlan
    pixel_aspect: float
    pictures: dict[float, Bytes] = field(default_factory=dict)
    stills: dict[float, Bytes] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    size: tuple[int, int] = (0, 0)
    reached: float = 0.0

    def add(self, moment: float, frame: Any) -> None:
        if moment in self.pictures:
            return
        side, turns = self.plan.resolution, quarters(frame)
        small = scaled(frame, side, self.pixel_aspect)
        self.pictures[moment] = squares(small, side, self.plan.looks, turns)
        self.stills[moment] = np.rot90(smaller(small, self.plan.stills), turns)
        shown = (round(frame.width * self.pixel_aspect), frame.height)
        self.size = shown if turns % 2 == 0 else (shown[1], shown[0])
        if frame.is_corrupt:
            self.troubles.append("a frame is damaged")

    def emptied(self) -> _Album:
        return _Album(self.plan, self.pixel_aspect, troubles=self.troubles)


def sample(path: Path, plan: SamplingPlan) -> FrameSample | None:
    """The frames that the plan asks for, or fewer; None where the file holds no pictures.

    Frames are upright, square and in order of time. Raises Unreadable.
    """
    with opened(path) as container:
        stream = video_stream(container)
        if stream is None:
            return None
        seconds = length(container, stream)
        if seconds is None:
            seconds = _last_moment(path)
        cuts = shot_detection.cuts(path) if plan.sampling == "scenes" else []
        targets = plan.targets(seconds, cuts)
        album = _Album(plan, _pixel_aspect(stream))
        keys = _key_frames(container, album, targets)
    if len(album.pictures) < ENOUGH * len(targets):
        album = _exact(path, album, seconds, targets, keys)
    return _sample(album)


def _exact(
    path: Path, rough: _Album, seconds: float, targets: list[float], keys: list[float | None]
) -> _Album:
    """Frames at the wanted moments themselves; where the file ends early, over what is there."""
    album = rough.emptied()
    if not _decode_on(path, album, targets, keys):
        return album if len(album.pictures) > len(rough.pictures) else rough
    missing = targets[-1] - album.reached
    if missing > max(0.2 * seconds, SHORT):
        trouble = f"the pictures end at {album.reached:.1f} of {seconds:.1f} s"
        reached = album.reached
        album = album.emptied()
        album.troubles.append(trouble)
        _decode_on(path, album, album.plan.targets(reached), [])
    return album


def _pixel_aspect(stream: Any) -> float:
    aspect = float(stream.sample_aspect_ratio or 1)
    return aspect if PIXEL_ASPECTS[0] < aspect < PIXEL_ASPECTS[1] else 1.0


def _last_moment(path: Path) -> float:
    """The length of a stream that does not tell it: packets are read, not decoded."""
    with opened(path) as container:
        decoder = Decoder(container, video_stream(container))
        base, last = decoder.stream.time_base, 0.0
        try:
            for packet in container.demux(decoder.stream):
                if packet.pts is not None:
                    last = max(last, float(packet.pts * base) - decoder.start)
        except (OSError, ValueError):  # damage: what was read so far counts
            return last
    return last


def _key_frames(
    container: InputContainer, album: _Album, targets: Sequence[float]
) -> list[float | None]:
    """Adds the key frame before each target; returns where each lies (None: not found).

    For a plan that wants exact frames, key frames are looked up and not decoded.
    """
    decoder = Decoder(container, video_stream(container))
    found: list[float | None] = []
    packets = set[int]()
    for target in targets:
        packet = decoder.first_packet() if decoder.seek(target) else None
        if packet is None:
            found.append(None)
        elif album.plan.exact:
            moment = decoder.moment_of(packet)
            # what is shown before its key frame cannot be decoded from there
            found.append(moment if moment is not None and moment <= target else None)
        elif packet.is_keyframe and packet.pts is not None and packet.pts in packets:
            found.append(found[-1])
        else:
            if packet.pts is not None:
                packets.add(packet.pts)
            found.append(_added(decoder, packet, album))
    album.troubles += decoder.troubles
    return found


def _added(decoder: Decoder, packet: Any, album: _Album) -> float | None:
    """Adds the picture that starts with a packet; its moment, None where there is none."""
    frame = decoder.still(packet)
    moment = decoder.time_of(frame) if frame is not None else None
    if moment is not None:
        album.add(moment, frame)
    return moment


def _decode_on(path: Path, album: _Album, targets: list[float], keys: list[float | None]) -> bool:
    """Adds the first frame at or after each target; jumps where a key frame lies ahead.

    False when it was too much work and was ended before the last target.
    """
    keys = keys or [None] * len(targets)
    with opened(path) as container:
        walk = _Walk(Decoder(container, video_stream(container)))
        for target, key, after in zip(targets, keys, [*keys[1:], math.inf], strict=True):
            walk.to(target, key, alone=after is not None and after > target)
            album.reached = max(album.reached, walk.moment)
            if walk.last is not None:
                album.add(walk.moment, walk.last)
            if walk.budget < 0:
                return False
    album.troubles += walk.decoder.troubles
    return True


class _Walk:
    """From moment to moment through a film, decoding on or jumping to key frames."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        self.frames: Iterator[Any] = decoder.frames()
        self.budget, self.moment = MOST_PIXELS, 0.0
        self.last: Any = None
        self.ended = False
        """Whether nothing can be decoded on from here."""

    def to(self, target: float, key: float | None, alone: bool) -> None:
        """Goes to the first frame at or after a moment, or to the last one that there is.

        `key` is where the key frame before it lies; `alone`: the next moment has one of its own,
        so nothing behind this frame is wanted.
        """
        self.decoder.wanted = target
        if self.ended or (key is not None and key > self.moment):
            self._jump(target, alone)
        self._through(target)
        if self.ended and self.moment < target and self.budget >= 0:
            self._jump(target, alone=False)
            self._through(target)

    def _jump(self, target: float, alone: bool) -> None:
        """Goes to a place from which a moment can be decoded.

        Some files lead to the next key frame instead of the one before; then from farther back.
        """
        self.ended = alone
        for back in BACK:
            self.decoder.seek(target - back) or self.decoder.seek(0.0)
            frames = self.decoder.frames_to(target) if alone else self.decoder.frames()
            first = next(frames, None)
            self.frames = chain([] if first is None else [first], frames)
            time = None if first is None else self.decoder.time_of(first)
            if time is not None and time <= target:
                return

    def _through(self, target: float) -> None:
        for frame in self.frames:
            time = self.decoder.time_of(frame)
            self.moment, self.last = (self.moment + UNTIMED if time is None else time), frame
            self.budget -= frame.width * frame.height
            if self.moment >= target or self.budget < 0:
                return


def _sample(album: _Album) -> FrameSample:
    moments = sorted(album.pictures)
    side = album.plan.resolution
    pixels = np.array([album.pictures[m] for m in moments], dtype=np.uint8)
    frames = Frames(pixels.reshape(-1, side, side, 3), np.array(moments, dtype=np.float32))
    trouble = album.troubles[0] if album.troubles else ""
    if not moments:
        trouble = f"no frame can be decoded{f': {trouble}' if trouble else ''}"
    return FrameSample(frames, *album.size, trouble, tuple(album.stills[m] for m in moments))
