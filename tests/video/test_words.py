"""Subtitles in every format and encoding that is promised, beside the file and inside it."""

from __future__ import annotations

import shutil
import struct
from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.real_data import data_folder
from tests.video.clips import RED, plain, write_clip
from vireo.video.text import subtitles
from vireo.video.text.embedded_subtitles import read_embedded
from vireo.video.text.subtitles import MOST_BYTES, SubtitleLine, beside, decoded, parse, read

SRT = """1
00:00:01,500 --> 00:00:03,000
<i>Hello</i> &amp; welcome
to the {\\an8}show

2
01:00:05,000 --> 01:00:06,250 X1:40
Second
3
01:00:07,000 --> 01:00:08,000
Third
"""
VTT = """WEBVTT - a title

STYLE
::cue { color: red }

NOTE this is not said

first
00:01.500 --> 00:03.000 align:start position:0%
<v Ana>Hello <00:02.000><c.big>there</c>

00:04.000 --> 00:05.000
Hello there
"""
ASS = """[Script Info]
Title: x
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,not said
Dialogue: 0,0:00:01.50,0:00:03.00,Default,Ana,0,0,0,,{\\b1}Hello,{\\b0} you\\Nthere
"""


def test_srt() -> None:
    assert parse(SRT) == [
        SubtitleLine(1.5, 3.0, "Hello & welcome to the show"),
        SubtitleLine(3605.0, 3606.25, "Second"),
        SubtitleLine(3607.0, 3608.0, "Third"),
    ]


def test_webvtt_without_its_notes_and_repetitions() -> None:
    assert parse(VTT) == [SubtitleLine(1.5, 3.0, "Hello there")]


def test_ass() -> None:
    assert parse(ASS) == [SubtitleLine(1.5, 3.0, "Hello, you there")]


def test_lines_come_in_order_of_time() -> None:
    text = "00:00:05,000 --> 00:00:06,000\nb\n\n00:00:01,000 --> 00:00:02,000\na\n"
    assert [line.text for line in parse(text)] == ["a", "b"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_encodings(encoding: str) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nDéjà vu, naïve café\n"
    assert parse(decoded(text.encode(encoding)))[0].text == "Déjà vu, naïve café"


def test_markup_does_not_come_back_through_entities() -> None:
    text = "00:00:01,000 --> 00:00:02,000\n&lt;script&gt;alert(1)&lt;/script&gt; hi\x07\n"
    assert parse(text)[0].text == "alert(1) hi"


@given(st.text(max_size=300))
def test_any_text_gives_clean_lines(text: str) -> None:
    for line in parse("00:00:01,000 --> 00:00:02,000\n" + text):
        assert line.text == " ".join(line.text.split())
        assert line.text.isprintable()
        assert line.start <= line.end


@given(st.binary(max_size=300))
def test_any_bytes_can_be_read(raw: bytes) -> None:
    parse(decoded(raw))


def test_a_long_file_is_cut_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    cue = "00:00:01,000 --> 00:00:02,000\nné {}\n\n"
    path.write_text("".join(cue.format(i) for i in range(40_000)), encoding="utf-8")
    lines, trouble = read(path)
    assert 20_000 < len(lines) < 30_000
    assert lines[0].text == "né 0"
    assert trouble == f"subtitles were cut after {MOST_BYTES // 1_000_000} MB"


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    assert read(tmp_path / "none.srt")[0] == []
    assert "cannot be read" in read(tmp_path / "none.srt")[1]
    (tmp_path / "a.srt").write_text("no timing at all")
    assert "no line" in read(tmp_path / "a.srt")[1]
    (tmp_path / "empty.srt").touch()
    assert read(tmp_path / "empty.srt") == ([], "")


def test_subtitles_beside_a_video_are_found(tmp_path: Path) -> None:
    video = tmp_path / "movie.mp4"
    assert beside(video) is None
    (tmp_path / "movie.vtt").touch()
    assert beside(video) == tmp_path / "movie.vtt"
    (tmp_path / "movie.srt").touch()
    assert beside(video) == tmp_path / "movie.srt"


@pytest.mark.parametrize(
    ("codec", "ending", "payload"),
    [
        ("mov_text", "mp4", struct.pack(">H", 8) + b"Hi <b>yo"),
        ("subrip", "mkv", b"<i>Hi</i> yo"),
        ("ass", "mkv", b"0,0,Default,,0,0,0,,{\\b1}Hi\\Nyo"),
        ("webvtt", "webm", b"Hi <c>yo</c>"),
    ],
)
def test_subtitles_inside_a_file(tmp_path: Path, codec: str, ending: str, payload: bytes) -> None:
    path = tmp_path / f"a.{ending}"
    _write_with_subtitles(path, codec, payload)
    (line,) = read_embedded(path)
    assert line.start == pytest.approx(1.0)
    assert line.end == pytest.approx(2.5)
    assert line.text == "Hi yo"


def _write_with_subtitles(path: Path, codec: str, payload: bytes) -> None:
    """A clip with one subtitle from 1.0 to 2.5 s, muxed as libav's own packets."""
    clip = write_clip(path.with_name("clip.mkv"), plain(RED), codec="libvpx")
    if path.suffix == ".mp4":
        clip = write_clip(path.with_name("clip.mp4"), plain(RED), codec="mpeg4")
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        video = target.add_stream_from_template(source.streams.video[0])
        words = target.add_mux_stream(codec)
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = video
                target.mux(packet)
        said = av.Packet(payload)
        said.stream, said.time_base = words, Fraction(1, 1000)
        said.pts = said.dts = 1000
        said.duration = 1500
        target.mux(said)


def test_a_film_with_two_streams_of_subtitles() -> None:
    lines = read_embedded(data_folder("clips") / "misc" / "nasa_13013.mp4")
    assert lines[0].text == "NAR: This is the optical and science segment of the Webb"
    assert lines[0].start == pytest.approx(0.21)


def test_webvtt_inside_matroska_which_libav_cannot_decode() -> None:
    folder = data_folder("clips") / "odd"
    lines = read_embedded(folder / "androidx_sample_with_vtt_subtitles.mkv")
    assert lines == [SubtitleLine(0.0, 1.234, "This is the first subtitle.")]


def test_pictures_of_words_are_no_words() -> None:
    folder = data_folder("clips") / "odd"
    for name in ("pgs_subtitles", "vobsub"):
        assert read_embedded(folder / f"androidx_sample_with_{name}.mkv") == []


def test_real_subtitle_files(tmp_path: Path) -> None:
    folder = data_folder("clips") / "subtitles"
    lines, trouble = read(folder / "moviepy_subtitles.srt")
    assert [line.text for line in lines[:3]] == ["Red!", "More Red!", "Green!"]
    assert lines[2][:2] == (5.0, 6.0)
    assert trouble == ""
    shutil.copy(folder / "androidx_dash_sample.vtt", tmp_path / "a.vtt")
    assert [line.start for line in subtitles.read(tmp_path / "a.vtt")[0]] == [0.02, 0.1]
