"""Safe access to media files through libav: local bytes only, no playlists, bounded errors."""

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
"""Formats that refer to other files: a video must consist of its own bytes."""
MAX_ERRORS = 200
"""Damaged packets after which decoding stops."""

av.logging.set_level(None)  # libav would write its messages to the terminal


class UnreadableMedia(Exception):
    """The file cannot be opened; the text says why."""


def open_media(path: Path) -> InputContainer:
    """The container of a local file. Raises UnreadableMedia."""
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
        raise UnreadableMedia(f"not a media file that can be read: {error_text(error)}") from None
    if REFUSED & set(container.format.name.split(",")):
        container.close()
        raise UnreadableMedia(f"a playlist, not a video: {container.format.name}")
    return container


def error_text(error: Exception) -> str:
    """libav's message without its error number and file name."""
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()


def video_stream(container: InputContainer) -> VideoStream | None:
    """The first video stream that can be decoded; the cover art of a song does not count."""
    for stream in container.streams.video:
        cover = bool(stream.disposition & stream.disposition.attached_pic)
        if not cover and stream.codec_context is not None:
            return stream
    return None


def stream_duration(container: InputContainer, stream: Stream) -> float | None:
    """Declared duration in seconds of the stream, else of the file, else None."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


class Decoder:
    """Decodes one stream packet by packet; `errors` collects the damage, which is skipped."""

    def __init__(self, container: InputContainer, stream: Any) -> None:
        self.container = container
        self.stream = stream
        self.errors: list[str] = []
        self.skip_before = 0.0
        """Seconds; frames before this time that are no references are not decoded."""
        self._skip = "DEFAULT"
        self._interlaced = False
        """Whether frames came as two fields, which may lie in packets of their own."""
        base = stream.time_base or Fraction(0)
        self._numerator, self._denominator = base.numerator, base.denominator
        self.start = float((stream.start_time or 0) * (stream.time_base or 0))
        # decoders of external libraries lag behind their input and would skip another frame
        self._can_skip = not stream.codec_context.name.startswith("lib")
        if not stream.codec_context.is_open:
            # there is a worker per core; and errors are concealed in a deterministic way
            stream.codec_context.thread_count = 1

    def seek(self, seconds: float) -> bool:
        """Seeks to the key frame at or before a time; False where the file cannot."""
        try:
            ticks = int((seconds + self.start) / self.stream.time_base)
            self.container.seek(ticks, stream=self.stream)
        except (FFmpegError, OSError, ValueError, OverflowError):
            return False
        return True

    def first_packet(self) -> Any:
        """The next packet that is not empty, undecoded; None at the end or at damage."""
        try:
            return next((packet for packet in self._packets() if packet.size), None)
        except (FFmpegError, OSError, ValueError) as error:
            self.errors.append(error_text(error))
            return None

    def decode_key_frame(self, packet: Any) -> Any:
        """The frame that starts with this packet; the caller must seek afterwards.

        A decoder that delays its output to reorder frames is flushed: a key frame needs no later
        packet, and waiting would cost the decoding of several more.
        """
        try:
            found = packet.decode()
            if not found and packet.is_keyframe:
                found = self._flush()
        except (FFmpegError, ValueError) as error:
            self.errors.append(error_text(error))
            found = []
        return found[0] if found else next(self.frames(), None)

    def frames(self) -> Iterator[Any]:
        """Decoded frames from the current position to the end, or until MAX_ERRORS."""
        packets = self._packets()
        while len(self.errors) < MAX_ERRORS:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (FFmpegError, OSError, ValueError) as error:
                self.errors.append(error_text(error))
                return
            try:
                self._skip_to(packet)
                yield from packet.decode()
            except (FFmpegError, ValueError) as error:
                self.errors.append(error_text(error))

    def frames_until(self, seconds: float) -> Iterator[Any]:
        """Frames up to the first at or after a time; the caller must seek afterwards.

        Decodes only what this frame depends on: no earlier frame that is no reference, and no
        frame after it in decoding order, of which `frames` needs a few for reordering. It may end
        too early (interlaced fields in packets of their own, packets without timestamps, damage);
        then use `frames`.
        """
        if self._interlaced:
            yield from self.frames()
            return
        try:
            target = yield from self._dependencies_of(seconds)
            delayed = self._flush()
        except (FFmpegError, OSError, ValueError):
            return  # `frames` runs into it again, and records it
        self._interlaced = any(frame.interlaced_frame for frame in delayed)
        for frame in delayed:
            if self._interlaced or frame.pts is None or target is None or frame.pts > target:
                return
            yield frame

    def _dependencies_of(self, seconds: float) -> Generator[Any, None, int | None]:
        """Decodes the frame at a time and its references; returns its timestamp in ticks."""
        target, later = None, list[Any]()
        for packet in self._packets():
            if packet.pts is None or packet.dts is None:
                return None
            if target is not None and packet.dts >= target:
                break  # all frames displayed before it have been decoded by now
            if target is not None and packet.pts > target:
                later.append(packet)
                continue
            if self._display_time(packet.pts) >= seconds:
                target = packet.pts
            for one in (*later, packet):  # a frame displayed later may be a reference
                self._skip_as("NONREF" if self._display_time(one.pts) < seconds else "DEFAULT")
                yield from one.decode()
            later.clear()
        return target

    def frame_time(self, frame: Any) -> float | None:
        """Seconds since the start of the stream."""
        return None if frame.time is None else float(frame.time) - self.start

    def packet_time(self, packet: Any) -> float | None:
        """Display time of a packet in seconds since the start of the stream."""
        ticks = packet.pts if packet.pts is not None else packet.dts
        return None if ticks is None else float(ticks * packet.time_base) - self.start

    def _flush(self) -> list[Any]:
        """The delayed frames of the decoder, which is reset."""
        found: list[Any] = self.stream.codec_context.decode(None)
        self.stream.codec_context.flush_buffers()
        for frame in found:  # flushed frames have no time base
            frame.time_base = self.stream.time_base
        return found

    def _display_time(self, ticks: int) -> float:
        """Ticks -> seconds since the start, in floats for speed: it runs for every packet."""
        return float(ticks * self._numerator / self._denominator) - self.start

    def _packets(self) -> Iterator[Any]:
        return iter(self.container.demux(self.stream))

    def _skip_to(self, packet: Any) -> None:
        """Skips a frame before `skip_before` if it is no reference."""
        if self.skip_before <= 0 or packet.pts is None:
            return
        self._skip_as("NONREF" if self._display_time(packet.pts) < self.skip_before else "DEFAULT")

    def _skip_as(self, kind: str) -> None:
        if self._skip != kind and self._can_skip:
            self._skip = kind
            self.stream.codec_context.skip_frame = kind
