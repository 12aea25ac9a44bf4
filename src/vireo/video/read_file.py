"""One media file -> all that is taken from it: frames, sound, words, and what was missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vireo.arrays import Bytes, Floats
from vireo.video import audio_features, frames
from vireo.video.contact_sheet import contact_sheet
from vireo.video.extract import UNREAD_BANDS, Extraction
from vireo.video.media import UnreadableMedia, length, opened
from vireo.video.sampling import SamplingPlan
from vireo.video.text import embedded_subtitles, subtitles

STILL = ("image2", "_pipe")
"""How the formats of single pictures are called; their length is no length."""
TOO_LARGE = "reading it needs more memory than `video.memory_limit_mb` allows"


def read(path: Path, words: Path | None, plan: SamplingPlan) -> Extraction:
    """Never raises for a bad file: the status and the reason say what happened."""
    try:
        seconds = _seconds(path)
        sample = frames.sample(path, plan)
        heard = audio_features.extract_audio(path)
        lines, trouble = _words(path, words)
    except UnreadableMedia as error:
        return Extraction.failed(str(error), plan.resolution)
    except MemoryError:
        return Extraction.failed(TOO_LARGE, plan.resolution)
    troubles = [trouble] if trouble else []
    if sample is None:
        troubles.insert(0, "the file holds no pictures")
    elif sample.trouble:
        troubles.insert(0, sample.trouble)
    if heard is not None and heard.trouble:
        troubles.append(f"sound: {heard.trouble}")
    seen = sample is not None and len(sample.frames.times) > 0
    status = "failed" if not seen and heard is None and not lines else "partial"
    return Extraction(
        status=status if troubles else "ok",
        reason="; ".join(troubles),
        duration=seconds,
        width=sample.width if sample and seen else None,
        height=sample.height if sample and seen else None,
        pixels=sample.frames.pixels if sample else _nothing(plan.resolution),
        times=sample.frames.times if sample else np.zeros(0, np.float32),
        has_sound=heard is not None,
        sound=heard.vector if heard else _silence(),
        bands=heard.bands if heard else UNREAD_BANDS,
        loudness=heard.heard.loudness if heard else None,
        speech=heard.heard.speech if heard else None,
        tempo=heard.heard.tempo if heard else None,
        dialogue=tuple(lines),
        sheet=contact_sheet(sample.stills) if sample else b"",
    )


def _seconds(path: Path) -> float | None:
    with opened(path) as container:
        if container.format.name.endswith(STILL):
            return None
        streams = [*container.streams.video, *container.streams.audio]
        lengths = [length(container, stream) for stream in streams]
        return max((seconds for seconds in lengths if seconds), default=None)


def _words(path: Path, beside: Path | None) -> tuple[list[subtitles.SubtitleLine], str]:
    """Lines from the file beside the video, else from inside it."""
    lines, trouble = subtitles.read(beside) if beside else ([], "")
    return lines or embedded_subtitles.read_embedded(path), trouble


def _nothing(resolution: int) -> Bytes:
    return np.zeros((0, resolution, resolution, 3), np.uint8)


def _silence() -> Floats:
    return np.zeros(audio_features.DIMENSION, np.float32)
