"""One media file -> its extraction: frames, audio, subtitles, and errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vireo.video import audio_features
from vireo.video.audio_features import AudioFeatures
from vireo.video.contact_sheet import contact_sheet
from vireo.video.extraction import UNREAD_BANDS, Extraction, Frames
from vireo.video.frames import FrameSample, sample_frames
from vireo.video.media import UnreadableMedia, open_media, stream_duration
from vireo.video.sampling import SamplingPlan
from vireo.video.text import embedded_subtitles, subtitles
from vireo.video.text.base import SubtitleLine

IMAGE_FORMATS = ("image2", "_pipe")
"""Endings of libav's format names for still images, which have no duration."""
TOO_LARGE = "reading it needs more memory than `video.memory_limit_mb` allows"


def read_file(path: Path, sidecar: Path | None, plan: SamplingPlan) -> Extraction:
    """Extraction of one file. Never raises for a bad file: status and reason describe it."""
    try:
        duration = _duration(path)
        sample = sample_frames(path, plan)
        audio = audio_features.extract_audio(path)
        lines, subtitle_error = _subtitles(path, sidecar)
    except UnreadableMedia as error:
        return Extraction.failed(str(error), plan.resolution)
    except MemoryError:
        return Extraction.failed(TOO_LARGE, plan.resolution)
    errors = _errors(sample, audio, subtitle_error)
    has_frames = sample is not None and len(sample.frames.times) > 0
    status = "failed" if not has_frames and audio is None and not lines else "partial"
    frames = sample.frames if sample else _no_frames(plan.resolution)
    return Extraction(
        status=status if errors else "ok",
        reason="; ".join(errors),
        duration=duration,
        width=sample.width if sample and has_frames else None,
        height=sample.height if sample and has_frames else None,
        pixels=frames.pixels,
        times=frames.times,
        has_audio=audio is not None,
        audio=audio.vector if audio else np.zeros(audio_features.DIMENSION, np.float32),
        mel_bands=audio.mel_bands if audio else UNREAD_BANDS,
        loudness=audio.summary.loudness if audio else None,
        speech=audio.summary.speech if audio else None,
        tempo=audio.summary.tempo if audio else None,
        dialogue=tuple(lines),
        contact_sheet=contact_sheet(sample.thumbnails) if sample else b"",
    )


def _errors(
    sample: FrameSample | None, audio: AudioFeatures | None, subtitle_error: str
) -> list[str]:
    frame_error = "the file has no video stream" if sample is None else sample.error
    audio_error = f"audio: {audio.error}" if audio is not None and audio.error else ""
    return [error for error in (frame_error, subtitle_error, audio_error) if error]


def _duration(path: Path) -> float | None:
    """Seconds of the longest video or audio stream."""
    with open_media(path) as container:
        if container.format.name.endswith(IMAGE_FORMATS):
            return None
        streams = [*container.streams.video, *container.streams.audio]
        durations = [stream_duration(container, stream) for stream in streams]
        return max((seconds for seconds in durations if seconds), default=None)


def _subtitles(path: Path, sidecar: Path | None) -> tuple[list[SubtitleLine], str]:
    """Lines of the sidecar file, else of the first subtitle stream; and the error of the first."""
    lines, error = subtitles.read_subtitles(sidecar) if sidecar else ([], "")
    return lines or embedded_subtitles.read_embedded(path), error


def _no_frames(resolution: int) -> Frames:
    pixels = np.zeros((0, resolution, resolution, 3), np.uint8)
    return Frames(pixels, np.zeros(0, np.float32))
