"""Any server that speaks /v1/audio/transcriptions (vLLM, speaches, LocalAI, hosted ones).

The sound of the catalogue's files leaves this machine for the address that the config names.
"""

from __future__ import annotations

import io
import wave as waves
from functools import cached_property
from importlib.util import find_spec
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np

from vireo.arrays import Floats
from vireo.artifacts.files import digest_of_json
from vireo.errors import ConfigError, MissingLibrary
from vireo.language.openai_client import client
from vireo.video.mel import RATE
from vireo.video.text.base import TextSection
from vireo.video.text.subtitles import SubtitleLine, plain


class CannotTranscribe(Exception):
    """The server gave no words; the text says why."""


class AsrApi:
    """One model of one server; times of the lines where the server tells them."""

    longest = 300.0  # about 10 MB of samples: hosted servers take 25

    def __init__(self, section: TextSection) -> None:
        self._section = section
        self.fingerprint = f"api {digest_of_json([section.url, section.model])[:16]}"
        self._plain = False
        """Whether the server was found not to tell times."""

    def transcribe(self, wave: Floats) -> list[SubtitleLine]:
        """Raises CannotTranscribe."""
        import openai

        try:
            if not self._plain:
                try:
                    return _lines(self._asked(wave, "verbose_json"), len(wave) / RATE)
                except openai.BadRequestError:
                    self._plain = True
            return _lines(self._asked(wave, "json"), len(wave) / RATE)
        except openai.OpenAIError as error:
            place = urlsplit(self._section.url).netloc.rpartition("@")[2]
            raise CannotTranscribe(f"{place} gave no words: {error}"[:300]) from None

    def _asked(self, wave: Floats, form: str) -> Any:
        sound = ("speech.wav", wav(wave), "audio/wav")
        return self._client.audio.transcriptions.create(
            model=self._section.model, file=sound, response_format=form
        )

    @cached_property
    def _client(self) -> Any:
        place = _Server(self._section.url, self._section.api_key_env, self._section.timeout_seconds)
        return client(place).with_options(max_retries=place.retries)


class _Server(NamedTuple):
    """A `Place` (see language/openai_client.py)."""

    base_url: str
    api_key_env: str
    timeout_seconds: float
    retries: int = 2


def provide(section: TextSection) -> AsrApi:
    """Raises ConfigError where the address or the name is missing, MissingLibrary."""
    place = urlsplit(section.url)
    if place.scheme not in ("http", "https") or not place.hostname or not section.model:
        raise ConfigError(
            f'video.text.asr = "api" needs url (now {section.url!r}) and model (now '
            f"{section.model!r}).",
            'Set both, such as url = "http://localhost:8000/v1" and model = "whisper-1".',
        )
    if find_spec("openai") is None:
        raise MissingLibrary(
            "The library openai, which speaks to model servers, is not installed.",
            'pip install "vireo-recommender[generate]"',
        )
    return AsrApi(section)


def wav(wave: Floats) -> bytes:
    """(samples,) at 16 kHz in [-1, 1] -> the bytes of a WAV file, 16 bits."""
    out = io.BytesIO()
    with waves.open(out, "wb") as file:
        file.setparams((1, 2, RATE, len(wave), "NONE", ""))
        file.writeframes((wave * 32767).astype(np.dtype("<i2")).tobytes())
    return out.getvalue()


def _lines(answer: Any, seconds: float) -> list[SubtitleLine]:
    """Segments where there are some, else all the text as one line."""
    segments = getattr(answer, "segments", None) or []
    lines = [_line(segment, seconds) for segment in segments]
    whole = plain(getattr(answer, "text", "") or "")
    if not lines and whole:
        lines = [SubtitleLine(0.0, seconds, whole)]
    return [line for line in lines if line.text]


def _line(segment: Any, seconds: float) -> SubtitleLine:
    start = min(max(float(segment.start), 0.0), seconds)
    return SubtitleLine(
        start, min(max(float(segment.end), start), seconds), plain(str(segment.text))
    )
