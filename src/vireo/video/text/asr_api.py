"""ASR engine `api`: any server of /v1/audio/transcriptions, local or hosted.

The audio of the catalogue's files is sent to the address in the config.
"""

from __future__ import annotations

import io
import wave as wave_files
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
from vireo.video.text.base import SubtitleLine, TextSection
from vireo.video.text.markup import plain_text


class CannotTranscribe(Exception):
    """The server gave no transcript; the text says why."""


class AsrApi:
    """One model of one server; lines have times where the server returns segments."""

    max_seconds = 300.0  # about 10 MB of samples: hosted servers take 25

    def __init__(self, section: TextSection) -> None:
        self._section = section
        self.fingerprint = f"api {digest_of_json([section.url, section.model])[:16]}"
        self._without_times = False
        """Whether the server refused to return segments."""

    def transcribe(self, wave: Floats) -> list[SubtitleLine]:
        """Raises CannotTranscribe."""
        import openai

        try:
            if not self._without_times:
                try:
                    return _lines(self._request(wave, "verbose_json"), len(wave) / RATE)
                except openai.BadRequestError:
                    self._without_times = True
            return _lines(self._request(wave, "json"), len(wave) / RATE)
        except openai.OpenAIError as error:
            host = urlsplit(self._section.url).netloc.rpartition("@")[2]
            raise CannotTranscribe(f"{host} gave no transcript: {error}"[:300]) from None

    def _request(self, wave: Floats, response_format: str) -> Any:
        file = ("speech.wav", encode_wav(wave), "audio/wav")
        return self._client.audio.transcriptions.create(
            model=self._section.model, file=file, response_format=response_format
        )

    @cached_property
    def _client(self) -> Any:
        server = _Server(
            self._section.url, self._section.api_key_env, self._section.timeout_seconds
        )
        return client(server).with_options(max_retries=server.retries)


class _Server(NamedTuple):
    """Argument of `client` (see language/openai_client.py)."""

    base_url: str
    api_key_env: str
    timeout_seconds: float
    retries: int = 2


def provide(section: TextSection) -> AsrApi:
    """Raises ConfigError without an address or a model, and MissingLibrary."""
    address = urlsplit(section.url)
    if address.scheme not in ("http", "https") or not address.hostname or not section.model:
        raise ConfigError(
            f'video.text.asr = "api" needs url (now {section.url!r}) and model (now '
            f"{section.model!r}).",
            'Set both, such as url = "http://localhost:8000/v1" and model = "whisper-1".',
        )
    if find_spec("openai") is None:
        raise MissingLibrary(
            "The library openai, the client of model servers, is not installed.",
            'pip install "vireo-recommender[generate]"',
        )
    return AsrApi(section)


def encode_wav(wave: Floats) -> bytes:
    """(samples,) at 16 kHz in [-1, 1] -> a WAV file of 16 bits."""
    out = io.BytesIO()
    with wave_files.open(out, "wb") as file:
        file.setparams((1, 2, RATE, len(wave), "NONE", ""))
        file.writeframes((wave * 32767).astype(np.dtype("<i2")).tobytes())
    return out.getvalue()


def _lines(response: Any, seconds: float) -> list[SubtitleLine]:
    """One line per segment; without segments, the whole text as one line."""
    segments = getattr(response, "segments", None) or []
    lines = [_line(segment, seconds) for segment in segments]
    whole = plain_text(getattr(response, "text", "") or "")
    if not lines and whole:
        lines = [SubtitleLine(0.0, seconds, whole)]
    return [line for line in lines if line.text]


def _line(segment: Any, seconds: float) -> SubtitleLine:
    start = min(max(float(segment.start), 0.0), seconds)
    return SubtitleLine(
        start, min(max(float(segment.end), start), seconds), plain_text(str(segment.text))
    )
