"""A media file, opened with care: no network, no playlists, no noise, no endless damage."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import av.logging
from av.error import FFmpegError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

REFUSED = frozenset({"concat", "dash", "hls", "imf", "rtsp", "sdp", "lavfi"})
"""Formats that name other files: a video must be made of its own bytes."""
MOST_BAD_PACKETS = 200

av.logging.set_level(None)  # libav's own words about a bad file would reach the terminal


class UnreadableMedia(Exception):
    """The file cannot be used at all; the text says why."""


def opened(path: Path) -> InputContainer:
    """The container of a local file; raises Unreadable with a sentence."""
    if path.is_dir():
        raise UnreadableMedia(f"a directory, not a file: {path}")
    if not path.is_file():
        raise UnreadableMedia(f"file not found: {path}")
    if path.stat().st_size == 0:
        raise UnreadableMedia("the file is empty")
    try:
        container = av.open(
            str(path.absolute()),
            options={"protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except (FFmpegError, OSError, ValueError) as error:
        raise UnreadableMedia(f"not a media file that can be read: {said(error)}") from None
    if REFUSED & set(container.format.name.split(",")):
        container.close()
        raise UnreadableMedia(f"a playlist, not a video: {container.format.name}")
    return container


def said(error: Exception) -> str:
    """libav's message without its error number and file name."""
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()


def video_stream(container: InputContainer) -> VideoStream | None:
    """The first stream of pictures that can be decoded; cover art of a song is none."""
    for stream in container.streams.video:
        cover = bool(stream.disposition & stream.disposition.attached_pic)
        if not cover and stream.codec_context is not None:
            return stream
    return None


def length(container: InputContainer, stream: Stream) -> float | None:
    """Seconds that the stream says it lasts, else what the file says, else None."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


class Decoder:
    """Decodes one stream packet by packet; damage is noted in `troubles` and stepped over."""

    def __init__(self, container: InputContainer, stream: Any) -> None:
        self.container = container
        self.stream = stream
        self.troubles: list[str] = []
        self.wanted = 0.0
        """Frames before this moment (seconds) that no other frame needs are not decoded."""
        self._skip = "DEFAULT"
        self._fields = False
        """Whether pictures came as two fields, which may lie in packets of their own."""
        base = stream.time_base or Fraction(0)
        self._numerator, self._denominator = base.numerator, base.denominator
        self.start = float((stream.start_time or 0) * (stream.time_base or 0))
        # libraries of their own decode behind what they are given, and would skip another picture
        self._skips = not stream.codec_context.name.startswith("lib")
        if not stream.codec_context.is_open:
            # there is a worker per core; and damage is mended the same way every time
            stream.codec_context.thread_count = 1

    def seek(self, seconds: float) -> bool:
        """Goes to the key frame at or before a moment; False where the file cannot."""
        try:
            ticks = int((seconds + self.start) / self.stream.time_base)
            self.container.seek(ticks, stream=self.stream)
        except (FFmpegError, OSError, ValueError, OverflowError):
            return False
        return True

    def first_packet(self) -> Any:
        """The next packet with something in it, undecoded; None at the end or at damage."""
        try:
            return next((packet for packet in self._packets() if packet.size), None)
        except (FFmpegError, OSError, ValueError) as error:
            self.troubles.append(said(error))
            return None

    def still(self, packet: Any) -> Any:
        """The picture that starts with this packet; after it the stream must be sought anew.

        A decoder that keeps pictures back to put them in order is asked for what it has: a key
        frame needs nothing after it, and waiting costs the decoding of several more.
        """
        try:
            found = packet.decode()
            if not found and packet.is_keyframe:
                found = self._rest()
        except (FFmpegError, ValueError) as error:
            self.troubles.append(said(error))
            found = []
        return found[0] if found else next(self.frames(), None)

    def frames(self) -> Iterator[Any]:
        """Decoded frames from here on, until the end or until there is too much damage."""
        packets = self._packets()
        while len(self.troubles) < MOST_BAD_PACKETS:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (FFmpegError, OSError, ValueError) as error:
                self.troubles.append(said(error))
                return
            try:
                self._skip_to(packet)
                yield from packet.decode()
            except (FFmpegError, ValueError) as error:
                self.troubles.append(said(error))

    def frames_to(self, seconds: float) -> Iterator[Any]:
        """Frames up to the first at or after a moment; then the stream must be sought anew.

        Nothing is decoded that this one is not made from: no picture before it that no other
        needs, and none that follows it in the order of decoding, of which `frames` needs a few
        to put pictures in order. It may end too early (two fields that lie in packets of their
        own, packets without a clock, damage): then `frames` finds what there is.
        """
        if self._fields:
            yield from self.frames()
            return
        try:
            best = yield from self._needed_for(seconds)
            rest = self._rest()
        except (FFmpegError, OSError, ValueError):
            return  # `frames` meets it again, and notes it
        self._fields = any(frame.interlaced_frame for frame in rest)
        for frame in rest:
            if self._fields or frame.pts is None or best is None or frame.pts > best:
                return
            yield frame

    def _needed_for(self, seconds: float) -> Generator[Any, None, int | None]:
        """Decodes what the picture of a moment is made from; returns the tick that it has."""
        best, later = None, list[Any]()
        for packet in self._packets():
            if packet.pts is None or packet.dts is None:
                return None
            if best is not None and packet.dts >= best:
                break  # what is shown before it would have come by now
            if best is not None and packet.pts > best:
                later.append(packet)
                continue
            if self._shown(packet.pts) >= seconds:
                best = packet.pts
            for one in (*later, packet):  # what came later may be what this one is made from
                self._skip_as("NONREF" if self._shown(one.pts) < seconds else "DEFAULT")
                yield from one.decode()
            later.clear()
        return best

    def time_of(self, frame: Any) -> float | None:
        """Seconds since the start of the stream."""
        return None if frame.time is None else float(frame.time) - self.start

    def moment_of(self, packet: Any) -> float | None:
        """Seconds since the start at which the picture of a packet is shown."""
        ticks = packet.pts if packet.pts is not None else packet.dts
        return None if ticks is None else float(ticks * packet.time_base) - self.start

    def _rest(self) -> list[Any]:
        """The pictures that the decoder keeps back; it starts anew after that."""
        found: list[Any] = self.stream.codec_context.decode(None)
        self.stream.codec_context.flush_buffers()
        for frame in found:  # what is asked for comes without its clock
            frame.time_base = self.stream.time_base
        return found

    def _shown(self, ticks: int) -> float:
        """Seconds since the start, in plain numbers: it is asked for every packet."""
        return float(ticks * self._numerator / self._denominator) - self.start

    def _packets(self) -> Iterator[Any]:
        return iter(self.container.demux(self.stream))

    def _skip_to(self, packet: Any) -> None:
        """Leaves out pictures that come too early and that no other picture is made from."""
        if self.wanted <= 0 or packet.pts is None:
            return
        self._skip_as("NONREF" if self._shown(packet.pts) < self.wanted else "DEFAULT")

    def _skip_as(self, kind: str) -> None:
        if self._skip != kind and self._skips:
            self._skip = kind
            self.stream.codec_context.skip_frame = kind
