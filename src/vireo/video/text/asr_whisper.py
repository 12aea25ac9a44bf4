"""ASR engine `whisper`: faster-whisper with the user's model, a directory for CTranslate2.

Vireo includes no such weights. A name instead of a directory is downloaded from the Hugging Face
hub.
"""

from __future__ import annotations

from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vireo.arrays import Floats
from vireo.artifacts.files import digest_of_file, digest_of_json
from vireo.errors import InputError, MissingLibrary
from vireo.video.text.base import SubtitleLine, TextSection
from vireo.video.text.markup import plain_text


class WhisperAsr:
    """Whisper (Radford et al., 2022) on one thread, in 8 bits, after removing silence."""

    max_seconds = 600.0

    def __init__(self, model: str) -> None:
        self._path = model
        folder = Path(model)
        files = sorted(folder.iterdir()) if folder.is_dir() else []
        parts = [[file.name, digest_of_file(file)] for file in files if file.is_file()]
        self.fingerprint = f"whisper {digest_of_json([parts or model])[:16]}"

    def transcribe(self, wave: Floats) -> list[SubtitleLine]:
        segments, _ = self._model.transcribe(
            wave, beam_size=5, vad_filter=True, condition_on_previous_text=False
        )
        lines = [SubtitleLine(float(s.start), float(s.end), plain_text(s.text)) for s in segments]
        return [line for line in lines if line.text]

    @cached_property
    def _model(self) -> Any:
        from faster_whisper import WhisperModel

        local = Path(self._path).is_dir()
        return WhisperModel(
            self._path, device="cpu", compute_type="int8", cpu_threads=1, local_files_only=local
        )


def provide(section: TextSection) -> WhisperAsr:
    """Raises MissingLibrary, and InputError without a model."""
    if find_spec("faster_whisper") is None:
        raise MissingLibrary(
            "The library faster-whisper, for speech recognition, is not installed.",
            'pip install "vireo-recommender[speech]"',
        )
    if not section.model:
        raise InputError(
            "The ASR engine 'whisper' needs a model.",
            'Set video.text.model = "a directory with model.bin", or a name and a network.',
        )
    return WhisperAsr(section.model)
