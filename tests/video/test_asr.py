"""ASR: real engines on real speech, and a real server that transcribes tones as their pitch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.real_data import data_folder
from tests.video.asr_server import Transcriber, transcriber
from tests.video.clips import RED, plain, tables_of, write_clip
from tests.video.test_audio_features import tone
from tests.video.test_build import made, row
from vireo.config import Config
from vireo.errors import ConfigError, InputError, StageFailed
from vireo.video import VideoFeatures
from vireo.video.encoders import contrastive_training
from vireo.video.extraction import Extraction
from vireo.video.mel import RATE
from vireo.video.text import asr_api, asr_sphinx, asr_whisper
from vireo.video.text.audio_segments import audio_segments, quietest_cut
from vireo.video.text.base import AsrEngine, SubtitleLine, TextSection
from vireo.video.text.contract import AsrContract
from vireo.video.text.transcribe_missing import needs_transcript


@pytest.fixture
def server() -> Iterator[Transcriber]:
    with transcriber() as running:
        yield running


def api_section(url: str) -> TextSection:
    return TextSection(asr="api", url=url, model="whisper-1")


class TestSphinx(AsrContract):
    def engine(self) -> AsrEngine:
        pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
        return asr_sphinx.provide(TextSection())

    def test_cards_are_transcribed_word_by_word(self) -> None:
        engine = self.engine()
        folder = data_folder("clips") / "speech" / "cards"
        expected = {
            "001": "ten of clubs",
            "003": "seven of clubs",
            "005": "eight of spades four of clubs seven of hearts",
        }
        for name, text in expected.items():
            ((start, wave),) = audio_segments(folder / f"{name}.wav", engine.max_seconds, 60.0)
            assert start == 0
            lines = engine.transcribe(wave)
            assert " ".join(line.text for line in lines) == text

    def test_a_transcript_does_not_depend_on_the_order_of_files(self) -> None:
        folder = data_folder("clips") / "speech" / "fsdd"
        one, other = self.engine(), self.engine()
        paths = sorted(folder.glob("[0-3]_*.wav"))
        waves = [next(audio_segments(path, one.max_seconds, 60.0))[1] for path in paths]
        forth = [one.transcribe(wave) for wave in waves]
        back = [other.transcribe(wave) for wave in waves[::-1]][::-1]
        assert forth == back


class TestApi(AsrContract):
    @pytest.fixture(autouse=True)
    def _server(self, server: Transcriber) -> None:
        self.url = server.url

    def engine(self) -> AsrEngine:
        return asr_api.provide(api_section(self.url))


def test_the_server_receives_the_audio_and_returns_lines(server: Transcriber) -> None:
    lines = asr_api.provide(api_section(server.url)).transcribe(tone(440, 2.0))
    assert lines == [SubtitleLine(0.0, 2.0, "a tone of 440 hertz")]
    (request,) = server.requests
    assert request["path"] == "/v1/audio/transcriptions"
    assert (request["model"], request["response_format"]) == ("whisper-1", "verbose_json")


def test_a_server_without_times_gives_one_line_per_segment() -> None:
    with transcriber(times=False) as server:
        engine = asr_api.provide(api_section(server.url))
        for hertz in (300, 500):
            lines = engine.transcribe(tone(hertz))
            assert lines == [SubtitleLine(0.0, 1.0, f"a tone of {hertz} hertz")]
        formats = [request["response_format"] for request in server.requests]
    assert formats == ["verbose_json", "json", "json"]  # the refused format is not tried again


def test_the_error_of_a_server_is_quoted() -> None:
    with transcriber(status=401) as server, pytest.raises(asr_api.CannotTranscribe) as caught:
        asr_api.provide(api_section(server.url)).transcribe(tone(300))
    assert "401" in str(caught.value)
    assert "no such key" in str(caught.value)


def test_missing_settings_are_reported_before_any_file_is_read() -> None:
    with pytest.raises(ConfigError, match="needs url"):
        asr_api.provide(TextSection(asr="api", url="ftp://x", model="m"))
    pytest.importorskip("faster_whisper", reason="faster-whisper is not installed")
    with pytest.raises(InputError, match="needs a model"):
        asr_whisper.provide(TextSection(asr="whisper"))


def test_long_audio_is_cut_at_quiet_points(tmp_path: Path) -> None:
    wave = np.concatenate([tone(300, 2.5), np.zeros(RATE // 2, np.float32), tone(300, 1.0)])
    cut = quietest_cut(wave[: 3 * RATE + RATE // 4])
    assert 2.5 <= cut / RATE <= 3.0
    path = write_clip(tmp_path / "tone.mp4", plain(RED), frames=50, tone=300)
    parts = list(audio_segments(path, 2.0, 60.0))
    starts, lengths = [start for start, _ in parts], [len(wave) for _, wave in parts]
    np.testing.assert_allclose(starts, np.cumsum([0, *lengths[:-1]]) / RATE)
    assert max(lengths) <= 2 * RATE
    assert sum(lengths) / RATE == pytest.approx(5.0, abs=0.2)
    assert (
        sum(len(wave) for _, wave in audio_segments(path, 2.0, 3.0)) == 3 * RATE
    )  # not more than requested


def test_files_with_dense_subtitles_need_no_transcript() -> None:
    failed = Extraction.failed("", 8)
    lines = tuple(SubtitleLine(i, i + 1, "five words in this line") for i in range(4))

    def found(
        duration: float, speech: float, dialogue: tuple[SubtitleLine, ...] = ()
    ) -> Extraction:
        about = {"duration": duration, "speech": speech, "dialogue": dialogue, "has_audio": True}
        return Extraction(**{**vars(failed), **about})

    assert needs_transcript(found(60, 0.5))
    assert not needs_transcript(found(60, 0.0)), "no speech"
    assert needs_transcript(found(1, 0.0)), "too short for the share of speech"
    assert not needs_transcript(found(60, 0.5, lines)), "20 words a minute"
    assert needs_transcript(found(600, 0.5, lines)), "two words a minute are signs, not subtitles"
    assert not needs_transcript(failed), "no audio"


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    monkeypatch.setattr(contrastive_training, "MIN_STEPS", 3)
    tones = {"low": 300.0, "high": 900.0, "subtitled": 500.0, "silent": None}
    for name, hertz in tones.items():
        write_clip(tmp_path / f"{name}.mp4", plain(RED), frames=20, tone=hertz)
    (tmp_path / "subtitled.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHere it is\n")
    return {name: tmp_path / f"{name}.mp4" for name in tones}


def built(clips: dict[str, Path], folder: Path, url: str) -> VideoFeatures:
    video = {"resolution": 32, "frames": 4, "text": api_section(url).model_dump()}
    return made(tables_of(clips), folder, Config.of({"video": video}))


def test_only_files_without_subtitles_are_transcribed_and_only_once(
    clips: dict[str, Path], tmp_path: Path, server: Transcriber
) -> None:
    features = built(clips, tmp_path, server.url)
    texts = dict(features.dialogue.select("video_id", "text").iter_rows())
    assert texts == {
        "low": "a tone of 300 hertz",
        "high": "a tone of 900 hertz",
        "subtitled": "Here it is",
    }
    sources = dict(features.table.select("video_id", "text_source").iter_rows())
    assert sources == {"low": "speech", "high": "speech", "subtitled": "subtitles", "silent": None}
    assert len(server.requests) == 2
    assert features.info["transcripts"] == "speech: 2 lines in 2 files, 2 of them new."
    again = built(clips, tmp_path, server.url)
    assert again.dialogue.equals(features.dialogue)
    assert len(server.requests) == 2
    (tmp_path / "new.mp4").write_bytes(clips["low"].read_bytes()[:-20])
    built({**clips, "new": tmp_path / "new.mp4"}, tmp_path, server.url)
    assert len(server.requests) == 3


def test_a_server_that_fails_for_all_files_ends_the_stage(
    clips: dict[str, Path], tmp_path: Path
) -> None:
    with transcriber(status=401) as server, pytest.raises(StageFailed, match="401"):
        built(clips, tmp_path, server.url)


def test_a_failed_transcription_affects_its_own_row_only(
    clips: dict[str, Path], tmp_path: Path, server: Transcriber
) -> None:
    server.refused_pitch = 900
    features = built(clips, tmp_path, server.url)
    high = row(features, "high")
    assert high["status"] == "partial"
    assert high["reason"].startswith("speech: CannotTranscribe: 127.0.0.1")
    assert "cannot transcribe that" in high["reason"]
    assert (row(features, "low")["status"], row(features, "low")["text_source"]) == ("ok", "speech")
    assert features.info["transcripts"].endswith("1 lines in 2 files, 2 of them new, 1 failed.")
