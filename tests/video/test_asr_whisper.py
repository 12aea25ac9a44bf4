"""whisper: the call fits the library; a user's model runs where VIREO_WHISPER names one."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.real_data import data_folder
from tests.video.test_audio_features import tone
from vireo.video.text import asr_whisper
from vireo.video.text.audio_segments import audio_segments
from vireo.video.text.base import AsrEngine, TextSection
from vireo.video.text.contract import AsrContract

library = pytest.importorskip("faster_whisper", reason="faster-whisper is not installed")


def own_model() -> str:
    folder = os.environ.get("VIREO_WHISPER", "")
    if not folder:
        pytest.skip("no Whisper model: set VIREO_WHISPER to a directory in CTranslate2's format")
    return folder


class TestWhisper(AsrContract):
    def engine(self) -> AsrEngine:
        return asr_whisper.provide(TextSection(asr="whisper", model=own_model()))

    def test_a_real_recording_is_transcribed(self) -> None:
        engine = self.engine()
        path = data_folder("clips") / "speech" / "jfk.flac"
        lines = engine.transcribe(next(audio_segments(path, engine.max_seconds, 60.0))[1])
        assert "what you can do for your country" in " ".join(line.text for line in lines).lower()


def test_the_arguments_match_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[inspect.BoundArguments] = []

    def checked(function: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(function)

        def call(self: object, *given: object, **named: object) -> tuple[list[object], None]:
            calls.append(signature.bind(self, *given, **named))
            return [], None

        return call

    model = library.WhisperModel
    monkeypatch.setattr(model, "transcribe", checked(model.transcribe))
    construct = checked(model.__init__)
    monkeypatch.setattr(
        model, "__init__", lambda *given, **named: construct(*given, **named) and None
    )
    engine = asr_whisper.provide(TextSection(asr="whisper", model="owner/model"))
    assert engine.transcribe(tone(300)) == []
    constructed, called = (call.arguments for call in calls)
    assert constructed["model_size_or_path"] == "owner/model"
    assert not constructed["local_files_only"]  # a name may be fetched
    assert called["vad_filter"]


def test_a_directory_without_a_model_is_an_error(tmp_path: Path) -> None:
    engine = asr_whisper.provide(TextSection(asr="whisper", model=str(tmp_path)))
    with pytest.raises(RuntimeError, match=r"model\.bin"):
        engine.transcribe(np.zeros(16_000, np.float32))


def test_other_weights_are_another_fingerprint(tmp_path: Path) -> None:
    section = TextSection(asr="whisper", model=str(tmp_path))
    (tmp_path / "model.bin").write_bytes(b"one")
    before = asr_whisper.provide(section).fingerprint
    (tmp_path / "model.bin").write_bytes(b"two")
    assert asr_whisper.provide(section).fingerprint != before
