"""Speech to text: real recognisers on real words, and a real server that hears pitches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.real_data import data_folder
from tests.video.clips import RED, plain, tables_of, write_clip
from tests.video.server import Transcriber, transcriber
from tests.video.test_build import made, row
from tests.video.test_sound import tone
from vireo.config import Config
from vireo.errors import ConfigError, InputError, StageFailed
from vireo.video import VideoFeatures
from vireo.video.encoders import contrastive_training
from vireo.video.extract import Extraction
from vireo.video.mel import RATE
from vireo.video.text import asr_api, asr_sphinx, asr_whisper
from vireo.video.text.audio_segments import quietest, stretches
from vireo.video.text.base import AsrEngine, TextSection
from vireo.video.text.contract import AsrContract
from vireo.video.text.subtitles import SubtitleLine
from vireo.video.text.transcribe_missing import has_no_text


@pytest.fixture
def server() -> Iterator[Transcriber]:
    with transcriber() as running:
        yield running


def asking(url: str) -> TextSection:
    return TextSection(asr="api", url=url, model="whisper-1")


class TestSphinx(AsrContract):
    def recogniser(self) -> AsrEngine:
        pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
        return asr_sphinx.provide(TextSection())

    def test_cards_are_heard_word_by_word(self) -> None:
        recogniser = self.recogniser()
        folder = data_folder("clips") / "speech" / "cards"
        said = {
            "001": "ten of clubs",
            "003": "seven of clubs",
            "005": "eight of spades four of clubs seven of hearts",
        }
        for name, words in said.items():
            ((start, wave),) = stretches(folder / f"{name}.wav", recogniser.longest, 60.0)
            assert start == 0
            lines = recogniser.transcribe(wave)
            assert " ".join(line.text for line in lines) == words

    def test_a_digit_is_heard_alike_after_any_other(self) -> None:
        folder = data_folder("clips") / "speech" / "fsdd"
        one, other = self.recogniser(), self.recogniser()
        paths = sorted(folder.glob("[0-3]_*.wav"))
        waves = [next(stretches(path, one.longest, 60.0))[1] for path in paths]
        forth = [one.transcribe(wave) for wave in waves]
        back = [other.transcribe(wave) for wave in waves[::-1]][::-1]
        assert forth == back


class TestApi(AsrContract):
    @pytest.fixture(autouse=True)
    def _serving(self, server: Transcriber) -> None:
        self.url = server.url

    def recogniser(self) -> AsrEngine:
        return asr_api.provide(asking(self.url))


def test_the_server_gets_the_sound_and_its_lines_come_back(server: Transcriber) -> None:
    lines = asr_api.provide(asking(server.url)).transcribe(tone(440, 2.0))
    assert lines == [SubtitleLine(0.0, 2.0, "a tone of 440 hertz")]
    (asked,) = server.asked
    assert asked["path"] == "/v1/audio/transcriptions"
    assert (asked["model"], asked["response_format"]) == ("whisper-1", "verbose_json")


def test_a_server_without_times_gives_one_line_for_the_stretch() -> None:
    with transcriber(times=False) as server:
        recogniser = asr_api.provide(asking(server.url))
        for hertz in (300, 500):
            lines = recogniser.transcribe(tone(hertz))
            assert lines == [SubtitleLine(0.0, 1.0, f"a tone of {hertz} hertz")]
        forms = [asked["response_format"] for asked in server.asked]
    assert forms == ["verbose_json", "json", "json"]  # what was refused is not asked again


def test_a_server_that_refuses_is_quoted() -> None:
    with transcriber(status=401) as server, pytest.raises(asr_api.CannotTranscribe) as caught:
        asr_api.provide(asking(server.url)).transcribe(tone(300))
    assert "401" in str(caught.value)
    assert "no such key" in str(caught.value)


def test_what_is_missing_is_said_before_anything_is_read() -> None:
    with pytest.raises(ConfigError, match="needs url"):
        asr_api.provide(TextSection(asr="api", url="ftp://x", model="m"))
    pytest.importorskip("faster_whisper", reason="faster-whisper is not installed")
    with pytest.raises(InputError, match="needs a model"):
        asr_whisper.provide(TextSection(asr="whisper"))


def test_long_sounds_are_cut_where_they_are_quiet(tmp_path: Path) -> None:
    wave = np.concatenate([tone(300, 2.5), np.zeros(RATE // 2, np.float32), tone(300, 1.0)])
    cut = quietest(wave[: 3 * RATE + RATE // 4])
    assert 2.5 <= cut / RATE <= 3.0
    path = write_clip(tmp_path / "tone.mp4", plain(RED), frames=50, tone=300)
    parts = list(stretches(path, 2.0, 60.0))
    starts, lengths = [start for start, _ in parts], [len(wave) for _, wave in parts]
    np.testing.assert_allclose(starts, np.cumsum([0, *lengths[:-1]]) / RATE)
    assert max(lengths) <= 2 * RATE
    assert sum(lengths) / RATE == pytest.approx(5.0, abs=0.2)
    assert sum(len(wave) for _, wave in stretches(path, 2.0, 3.0)) == 3 * RATE  # no more is asked


def test_good_subtitles_come_first() -> None:
    nothing = Extraction.failed("", 8)
    lines = tuple(SubtitleLine(i, i + 1, "some words are said here") for i in range(4))

    def found(
        duration: float, speech: float, dialogue: tuple[SubtitleLine, ...] = ()
    ) -> Extraction:
        about = {"duration": duration, "speech": speech, "dialogue": dialogue, "has_sound": True}
        return Extraction(**{**vars(nothing), **about})

    assert has_no_text(found(60, 0.5))
    assert not has_no_text(found(60, 0.0)), "no speech was heard"
    assert has_no_text(found(1, 0.0)), "too short to tell"
    assert not has_no_text(found(60, 0.5, lines)), "20 words a minute"
    assert has_no_text(found(600, 0.5, lines)), "two words a minute are signs, not subtitles"
    assert not has_no_text(nothing), "no sound"


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    monkeypatch.setattr(contrastive_training, "FEWEST_STEPS", 3)
    tones = {"low": 300.0, "high": 900.0, "told": 500.0, "silent": None}
    for name, hertz in tones.items():
        write_clip(tmp_path / f"{name}.mp4", plain(RED), frames=20, tone=hertz)
    (tmp_path / "told.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHere it is\n")
    return {name: tmp_path / f"{name}.mp4" for name in tones}


def built(clips: dict[str, Path], folder: Path, url: str) -> VideoFeatures:
    video = {"resolution": 32, "frames": 4, "text": asking(url).model_dump()}
    return made(tables_of(clips), folder, Config.of({"video": video}))


def test_the_stage_asks_only_for_words_that_are_missing_and_only_once(
    clips: dict[str, Path], tmp_path: Path, server: Transcriber
) -> None:
    features = built(clips, tmp_path, server.url)
    said = dict(features.dialogue.select("video_id", "text").iter_rows())
    assert said == {
        "low": "a tone of 300 hertz",
        "high": "a tone of 900 hertz",
        "told": "Here it is",
    }
    words = dict(features.table.select("video_id", "words").iter_rows())
    assert words == {"low": "speech", "high": "speech", "told": "subtitles", "silent": None}
    assert len(server.asked) == 2
    assert features.info["words"] == "speech: 2 lines in 2 files, 2 of them new."
    again = built(clips, tmp_path, server.url)
    assert again.dialogue.equals(features.dialogue)
    assert len(server.asked) == 2
    (tmp_path / "new.mp4").write_bytes(clips["low"].read_bytes()[:-20])
    built({**clips, "new": tmp_path / "new.mp4"}, tmp_path, server.url)
    assert len(server.asked) == 3


def test_a_server_that_is_not_there_ends_the_stage_with_its_reason(
    clips: dict[str, Path], tmp_path: Path
) -> None:
    with transcriber(status=401) as server, pytest.raises(StageFailed, match="401"):
        built(clips, tmp_path, server.url)


def test_one_file_without_words_costs_its_own_row(
    clips: dict[str, Path], tmp_path: Path, server: Transcriber
) -> None:
    server.deaf_to = 900
    features = built(clips, tmp_path, server.url)
    high = row(features, "high")
    assert high["status"] == "partial"
    assert high["reason"].startswith("speech: CannotTranscribe: 127.0.0.1")
    assert "cannot hear that" in high["reason"]
    assert (row(features, "low")["status"], row(features, "low")["words"]) == ("ok", "speech")
    assert features.info["words"].endswith("1 lines in 2 files, 2 of them new, 1 failed.")
