"""Subtitle streams inside a media file (mov_text, SubRip, WebVTT, ASS) -> timed lines of text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vireo.video.media import UnreadableMedia, opened
from vireo.video.text.subtitles import MOST_BYTES, SubtitleLine, plain, tidy

_ASS_COMMAS = 8
"""Fields before the text in a packet of ASS: read order, layer, style, name, margins, effect."""
_TEXT = {"mov_text", "subrip", "srt", "text", "webvtt", "ass", "ssa", ""}
"""Names of codecs that hold text; libav has no decoder, and so no name, for WebVTT in Matroska."""


def read_embedded(path: Path) -> list[SubtitleLine]:
    """Lines of the first subtitle stream that holds text; damage ends them early."""
    with opened(path) as container:
        streams = [s for s in container.streams.subtitles if _codec(s) in _TEXT]
        if not streams:
            return []
        return tidy(_lines(container, streams[0]))


def _codec(stream: Any) -> str:
    return str(stream.codec_context.name) if stream.codec_context is not None else ""


def _lines(container: Any, stream: Any) -> list[SubtitleLine]:
    lines, size = list[SubtitleLine](), 0
    try:
        for packet in container.demux(stream):
            if packet.pts is None or not packet.size or size > MOST_BYTES:
                continue
            start = float(packet.pts * packet.time_base)
            end = start + float((packet.duration or 0) * packet.time_base)
            text = plain(_words(bytes(packet), _codec(stream)))
            size += packet.size
            lines.append(SubtitleLine(max(start, 0.0), max(end, 0.0), text))
    except (OSError, ValueError, UnreadableMedia):
        return lines
    return lines


def _words(raw: bytes, codec: str) -> str:
    """The text in a packet; "" where it is not text after all."""
    if codec == "mov_text":  # a length of two bytes, the text, then boxes of style
        raw = raw[2 : 2 + int.from_bytes(raw[:2], "big")]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    if codec in ("ass", "ssa"):
        return text.split(",", _ASS_COMMAS)[-1] if text.count(",") >= _ASS_COMMAS else ""
    return text
