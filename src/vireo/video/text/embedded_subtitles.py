"""Subtitle streams inside a media file (mov_text, SubRip, WebVTT, ASS) -> lines of plain text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vireo.video.media import UnreadableMedia, open_media
from vireo.video.text.base import SubtitleLine
from vireo.video.text.markup import ass_text
from vireo.video.text.subtitles import MAX_BYTES, Cue, merge_cues

_ASS_COMMAS = 8
"""Commas before the text of an ASS packet: read order, layer, style, name, margins, effect."""
_TEXT_CODECS = {"mov_text", "subrip", "srt", "text", "webvtt", "ass", "ssa", ""}
"""Codecs of text. libav has no decoder, and so no name, for WebVTT in Matroska."""


def read_embedded(path: Path) -> list[SubtitleLine]:
    """Lines of the first text stream, up to damage or MAX_BYTES."""
    with open_media(path) as container:
        streams = [s for s in container.streams.subtitles if _codec(s) in _TEXT_CODECS]
        if not streams:
            return []
        return merge_cues(_cues(container, streams[0]))


def _codec(stream: Any) -> str:
    return str(stream.codec_context.name) if stream.codec_context is not None else ""


def _cues(container: Any, stream: Any) -> list[Cue]:
    cues, size = list[Cue](), 0
    try:
        for packet in container.demux(stream):
            if packet.pts is None or not packet.size or size > MAX_BYTES:
                continue
            start = float(packet.pts * packet.time_base)
            end = start + float((packet.duration or 0) * packet.time_base)
            size += packet.size
            text = _packet_text(bytes(packet), _codec(stream))
            cues.append(Cue(max(start, 0.0), max(end, 0.0), text))
    except (OSError, ValueError, UnreadableMedia):
        return cues
    return cues


def _packet_text(raw: bytes, codec: str) -> str:
    """Text of a packet, with markup; "" where it is not valid."""
    if codec == "mov_text":  # two bytes of length, the text, then boxes of style
        raw = raw[2 : 2 + int.from_bytes(raw[:2], "big")]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    if codec in ("ass", "ssa"):
        return ass_text(text.split(",", _ASS_COMMAS)[-1]) if text.count(",") >= _ASS_COMMAS else ""
    return "\n".join(text.splitlines())
