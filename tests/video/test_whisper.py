"""whisper: the call fits the library; a user's model runs where VIREO_WHISPER names one."""

from __future__ import annotations

import inspect
import os
from pathlib import Path

import numpy as np
import pytest

from tests.real_data import data_folder
from tests.video.test_sound import tone
from vireo.video.text import asr_whisper
from vireo.video.text.audio_segments import stretches
from vireo.video.text.base import AsrEngine, TextSection
from vireo.video.text.contract import AsrContract

library = pytest.importorskip("faster_whisper", reason="faster-whisper is not installed")


def own_model() -> str:
    folder = os.environ.get("VIREO_WHISPER", "")
    if not folder:
        pytest.skip("no Whisper model: set VIREO_WHISPER to a directory in CTranslate2's format")
    return folder


class TestWhisper(AsrContract):
    def recogniser(self) -> AsrEngine:
        return asr_whisper.provide(TextSection(asr="whisper", model=own_model()))

    def test_a_president_is_understood(self) -> None:
        recogniser = self.recogniser()
        path = data_folder("clips") / "speech" / "jfk.flac"
        lines = recogniser.transcribe(next(stretches(path, recogniser.longest, 60.0))[1])
        assert "what you can do for your country" in " ".join(line.text for line in lines).lower()


def test_the_arguments_are_those_that_the_library_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[inspect.BoundArguments] = []

    def checked(function: object) -> object:
        signature = inspect.signature(function)  # type: ignore[arg-type]

        def call(self: object, *given: object, **named: object) -> tuple[list[object], None]:
            calls.append(signature.bind(self, *given, **named))
            return [], None

        return call

    model = library.WhisperModel
    monkeypatch.setattr(model, "transcribe", checked(model.transcribe))
    starts = checked(model.__init__)
    monkeypatch.setattr(model, "__init__", lambda *given, **named: starts(*given, **named) and None)  # type: ignore[operator]
    recogniser = asr_whisper.provide(TextSection(asr="whisper", model="somebody/their-model"))
    assert recogniser.transcribe(tone(300)) == []
    started, asked = (call.arguments for call in calls)
    assert started["model_size_or_path"] == "somebody/their-model"
    assert not started["local_files_only"]  # a name may be fetched
    assert asked["vad_filter"]


def test_a_directory_without_a_model_is_said(tmp_path: Path) -> None:
    recogniser = asr_whisper.provide(TextSection(asr="whisper", model=str(tmp_path)))
    with pytest.raises(RuntimeError, match=r"model\.bin"):
        recogniser.transcribe(np.zeros(16_000, np.float32))


def test_other_weights_are_another_fingerprint(tmp_path: Path) -> None:
    section = TextSection(asr="whisper", model=str(tmp_path))
    (tmp_path / "model.bin").write_bytes(b"one")
    before = asr_whisper.provide(section).fingerprint
    (tmp_path / "model.bin").write_bytes(b"two")
    assert asr_whisper.provide(section).fingerprint != before
