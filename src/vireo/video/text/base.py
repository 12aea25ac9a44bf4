"""The seams of the words: Recogniser (sound to lines) and ScreenReader (picture to texts)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pydantic import Field

from vireo.arrays import Bytes, Floats
from vireo.settings import Section
from vireo.video.text.subtitles import SubtitleLine


class TextSection(Section):
    """`[video.text]`: words that no subtitles hold, by extras; nothing of it by default."""

    asr: str = ""
    """Who writes down what is said: `sphinx`, `whisper` or `api`; "" nobody."""
    model: str = ""
    """For `whisper`: a directory with a converted model (or a name, which needs a network). For
    `api`: the model's name at the server."""
    url: str = ""
    """For `api`: the address, such as http://localhost:8000/v1. The sound is sent there."""
    api_key_env: str = "OPENAI_API_KEY"
    """For `api`: the environment variable that holds the key."""
    max_minutes: float = Field(default=30.0, gt=0)
    """Minutes of each file, from its start, that are written down at most."""
    timeout_seconds: float = Field(default=1800.0, gt=0)
    """Seconds that one file's words may take before they are given up."""
    ocr: str = ""
    """Who reads what is written in the pictures: `rapidocr`; "" nobody."""
    ocr_frames: int = Field(default=4, ge=1, le=64)
    """Pictures of each file in which writing is looked for."""


class AsrEngine(Protocol):
    """Sound in, lines out. One file per recogniser, one line in the menu `RECOGNISERS`.

    The menu names a factory, `provide(section: WordsSection) -> Recogniser`, that loads no model:
    the object is sent to worker processes, and loads there when the first sound comes.
    """

    fingerprint: str
    """Changes whenever the same sound would give other words."""
    longest: float
    """Seconds of sound that it takes at once."""

    def transcribe(self, wave: Floats) -> list[SubtitleLine]:
        """(samples,) at 16 kHz in [-1, 1] -> lines, with seconds since the first sample.

        Raises an error that says why in one line where nothing can be written down.
        """
        ...


class OcrEngine(Protocol):
    """Picture in, texts out. The menu `SCREENS` names factories as `RECOGNISERS` does."""

    fingerprint: str
    """Changes whenever the same picture would give other words."""

    def read(self, picture: Bytes) -> Sequence[str]:
        """(height, width, 3) uint8 RGB -> the texts in it, in reading order."""
        ...
