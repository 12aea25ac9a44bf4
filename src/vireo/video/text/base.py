"""Types of the text of a video: its lines, the settings, and the protocols of ASR and OCR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from pydantic import Field

from vireo.arrays import Bytes, Floats
from vireo.settings import Section


class SubtitleLine(NamedTuple):
    """A line of text displayed or spoken from `start` to `end` (seconds)."""

    start: float
    end: float
    text: str
    source: str = ""
    """"speech" (ASR) or "screen" (OCR); "" for subtitles."""


class TextSection(Section):
    """`[video.text]`: ASR and OCR for files without subtitles; both need extras, and are off."""

    asr: str = ""
    """Speech recognition engine: `sphinx`, `whisper` or `api`; "" for none."""
    model: str = ""
    """For `whisper`: a directory with a converted model (or a name, which needs a network). For
    `api`: the model's name on the server."""
    url: str = ""
    """For `api`: the address, such as http://localhost:8000/v1. The audio is sent there."""
    api_key_env: str = "OPENAI_API_KEY"
    """For `api`: the environment variable that holds the key."""
    max_minutes: float = Field(default=30.0, gt=0)
    """Minutes of each file, from its start, that are transcribed at most."""
    timeout_seconds: float = Field(default=1800.0, gt=0)
    """Seconds after which the transcription of a file is given up."""
    ocr: str = ""
    """Screen text engine: `rapidocr`; "" for none."""
    ocr_frames: int = Field(default=4, ge=1, le=64)
    """Frames of each file in which text is searched."""


class AsrEngine(Protocol):
    """Speech recognition: audio -> lines. One file per engine, one line in `ASR_ENGINES`.

    The registry names a factory, `provide(section: TextSection) -> AsrEngine`. It loads no model:
    the engine is sent to worker processes and loads its model there at the first call.
    """

    fingerprint: str
    """Changes whenever the same audio would give another transcript."""
    max_seconds: float
    """Longest audio of one call."""

    def transcribe(self, wave: Floats) -> list[SubtitleLine]:
        """(samples,) at 16 kHz in [-1, 1] -> lines, in seconds since the first sample.

        Raises an error with the reason in one line where transcription fails.
        """
        ...


class OcrEngine(Protocol):
    """Screen text: image -> texts. `OCR_ENGINES` names factories as `ASR_ENGINES` does."""

    fingerprint: str
    """Changes whenever the same image would give another text."""

    def read(self, image: Bytes) -> Sequence[str]:
        """(height, width, 3) uint8 RGB -> the texts in it, in reading order."""
        ...
