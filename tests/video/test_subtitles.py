"""Subtitles in all supported formats and encodings, in sidecar files and inside media files."""

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
from vireo.video.text.base import SubtitleLine
from vireo.video.text.embedded_subtitles import read_embedded
from vireo.video.text.subtitles import MAX_BYTES, decode, find_sidecar, parse, read_subtitles

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

NOTE this is a comment

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
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,a comment
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
    assert parse(decode(text.encode(encoding)))[0].text == "Déjà vu, naïve café"


def srt(*rows: str) -> str:
    """One cue of these rows."""
    return "1\n00:00:01,000 --> 00:00:02,000\n" + "\n".join(rows) + "\n"


def ass(*texts: str, fields: str = "Layer, Start, End, Text") -> str:
    """Events one second apart; other fields are 0."""
    rows = []
    for i, text in enumerate(texts):
        values = {"Start": f"0:00:0{i}.00", "End": f"0:00:0{i}.50", "Text": text}
        rows.append("Dialogue: " + ",".join(values.get(name, "0") for name in fields.split(", ")))
    return "\n".join(["[Script Info]", "[Events]", f"Format: {fields}", *rows, ""])


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("<i>a</i> <B>b</B> <u.x>c</u> <s>d</s>", "a b c d"),
        (
            '<font color="#fff">a</font> <c.red.big>b</c> <v Ana Lee>c</v> <lang en>d</lang>',
            "a b c d",
        ),
        ("a<br/>b<br>c", "a b c"),
        ("{\\an8}{\\i1}a{\\i0} {b}", "a {b}"),
        ("if x < y and y > z", "if x < y and y > z"),
        ("map<string, vector<3>> <3 <div>", "map<string, vector<3>> <3 <div>"),
        ("C:\\names\\New\\h {x", "C:\\names\\New\\h {x"),
        ("Tom &amp; Ana", "Tom & Ana"),
        ("&lt;b&gt; is bold\x07", "<b> is bold"),  # a tag written with entities is text
        ("EXIT --> left", "EXIT --> left"),
    ],
)
def test_only_markup_of_subtitles_is_removed(row: str, text: str) -> None:
    assert [line.text for line in parse(srt(row))] == [text]


def test_a_number_in_the_last_row_is_text() -> None:
    expected = [SubtitleLine(1.0, 2.0, "The year is 1999")]
    assert parse(srt("The year is", "1999")) == expected
    assert parse("WEBVTT\n\n00:01.000 --> 00:02.000\nThe year is\n1999\n") == expected


@pytest.mark.parametrize(
    "timing",
    [
        "00:00:01,000 -> 00:00:03,500",
        "00:00:01.0 \u2013> 0:0:3.5",
        "00 : 00 : 01,000 --> 00 : 00 : 03,500",
        "00:01 --> 00:03,500 X1:40 X2:60",
        "\t0:00:01,00-->0:00:03,50",
    ],
)
def test_unusual_timings(timing: str) -> None:
    assert parse(f"{timing}\nHello\n") == [SubtitleLine(1.0, 3.5, "Hello")]


def test_webvtt_blocks_without_a_timing_are_no_text() -> None:
    blocks = [
        "WEBVTT",
        "00:01.000 --> 00:02.000\na",
        "NOTE\nb --> c",
        "STYLE\nd",
        "e",
        "f\n00:03.000 --> 00:04.000\ng",
    ]
    assert [line.text for line in parse("\n\n".join(blocks))] == ["a", "g"]


def test_rolling_captions_give_each_row_once() -> None:
    """YouTube: the row of the previous cue above the growing row of this one."""
    rows = ["to be or not", "to be that is", "the question"]
    cues, above = ["WEBVTT\nKind: captions"], " "
    for i, row in enumerate(rows):
        first, *rest = row.split()
        grown = first + "".join(f"<00:00:0{i}.{n}00><c> {word}</c>" for n, word in enumerate(rest))
        cues.append(f"00:00:0{i}.000 --> 00:00:0{i}.990 align:start\n{above}\n{grown}")
        cues.append(f"00:00:0{i}.990 --> 00:00:0{i + 1}.000 align:start\n{row}\n ")
        above = row
    lines = parse("\n\n".join(cues))
    assert [(line.start, line.text) for line in lines] == [
        (float(i), r) for i, r in enumerate(rows)
    ]


def test_scrolled_rows_are_not_repeated_and_later_repetitions_are_kept() -> None:
    text = (
        "00:00:01,000 --> 00:00:02,000\na\nb\n\n00:00:02,000 --> 00:00:03,000\nb\nc\n\n"
        "00:00:09,000 --> 00:00:10,000\nc\nd\n"
    )
    assert [line.text for line in parse(text)] == ["a b", "c", "c d"]


def test_ass_fields_in_the_order_of_the_format_line() -> None:
    expected = [SubtitleLine(0.0, 0.5, "one, two"), SubtitleLine(1.0, 1.5, "three")]
    for fields in ("Start, End, Text", "Layer, Start, End, Style, Text", "End, Name, Start, Text"):
        assert parse(ass("one, two", "three", fields=fields)) == expected


def test_ass_drawings_comments_and_invalid_events() -> None:
    texts = (
        "{\\an7\\p1\\pos(1,1)}m 0 0 l 9 0 9 9{\\p0}",
        "{\\p1}m 0 0{\\p0}with a frame",
        "{\\k20}Bread {\\k30}rises{a comment}",
        "EXIT -->",
        "C:\\new\\hour",
    )
    invalid = "Dialogue: 0,0:00:xx.00,0:00:01.00,bad\nDialogue: 0\nDialogue:\n"
    lines = parse(ass(*texts) + invalid)
    # \\n and \\h are a line break and a space in ASS, and there alone
    assert [line.text for line in lines] == ["with a frame", "Bread rises", "EXIT -->", "C: ew our"]


ROWS = st.lists(
    st.text("xyz 0123456789<>&;", min_size=1, max_size=12).map(lambda row: f"x{row}z"),
    min_size=1,
    max_size=3,
)


@given(st.lists(ROWS, min_size=1, max_size=5), st.sampled_from(["srt", "vtt", "ass"]))
def test_cues_are_parsed_as_they_were_written(cues: list[list[str]], kind: str) -> None:
    """Written here by the rules of each format, with a distinct row in each cue."""
    cues = [[*rows, f"{i}"] for i, rows in enumerate(cues)]
    if kind == "srt":
        text = "".join(
            f"{i + 1}\n00:0{i}:01,250 --> 00:0{i}:02,500\n" + "\n".join(rows) + "\n\n"
            for i, rows in enumerate(cues)
        )
    elif kind == "vtt":
        text = "WEBVTT\n\n" + "\n\n".join(
            f"0{i}:01.250 --> 0{i}:02.500 line:0\n" + "\n".join(rows) for i, rows in enumerate(cues)
        )
    else:
        text = "".join(
            f"Dialogue: 0,0:0{i}:01.25,0:0{i}:02.50,Default,,0,0,0,," + "\\N".join(rows) + "\n"
            for i, rows in enumerate(cues)
        )
    expected = [
        SubtitleLine(60 * i + 1.25, 60 * i + 2.5, " ".join(" ".join(rows).split()))
        for i, rows in enumerate(cues)
    ]
    assert parse(text) == expected


@given(st.text(max_size=300))
def test_any_text_gives_clean_lines(text: str) -> None:
    for line in parse("00:00:01,000 --> 00:00:02,000\n" + text):
        assert line.text == " ".join(line.text.split())
        assert line.text.isprintable()
        assert line.start <= line.end


@given(st.binary(max_size=300))
def test_any_bytes_can_be_read(raw: bytes) -> None:
    parse(decode(raw))


@given(
    st.sampled_from([SRT, VTT, ASS]),
    st.integers(0, 400),
    st.integers(0, 400),
    st.text(max_size=20) | st.text("0123456789:,.-> \n<{\\p}", max_size=20),
)
def test_damaged_files_give_clean_lines_in_order(text: str, a: int, b: int, junk: str) -> None:
    lines = parse(text[:a] + junk + text[b:])
    assert [line.start for line in lines] == sorted(line.start for line in lines)
    for line in lines:
        assert 0 <= line.start <= line.end
        assert line.text == " ".join(line.text.split()) != ""
        assert line.text.isprintable()


def test_a_long_file_is_cut_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    cue = "00:00:01,000 --> 00:00:02,000\nné {}\n\n"
    path.write_text("".join(cue.format(i) for i in range(40_000)), encoding="utf-8")
    lines, error = read_subtitles(path)
    assert 20_000 < len(lines) < 30_000
    assert lines[0].text == "né 0"
    assert error == f"subtitles were cut after {MAX_BYTES // 1_000_000} MB"


def test_unreadable_files_have_a_reason(tmp_path: Path) -> None:
    assert read_subtitles(tmp_path / "none.srt")[0] == []
    assert "cannot be read" in read_subtitles(tmp_path / "none.srt")[1]
    (tmp_path / "a.srt").write_text("no timing at all")
    reason = 'the subtitle file holds no line of text; first line not understood: "{}"'
    assert read_subtitles(tmp_path / "a.srt") == ([], reason.format("no timing at all"))
    (tmp_path / "a.srt").write_text("1\n00:00:01:12 --> 00:00:03:00\nFrames\n")
    quoted = reason.format("00:00:01:12 --> 00:00:03:00")
    assert read_subtitles(tmp_path / "a.srt") == ([], quoted)
    (tmp_path / "a.srt").write_text(srt("<i></i>"))
    assert read_subtitles(tmp_path / "a.srt") == ([], "the subtitle file holds no line of text")
    (tmp_path / "empty.srt").touch()
    assert read_subtitles(tmp_path / "empty.srt") == ([], "")


def test_sidecar_files_are_found(tmp_path: Path) -> None:
    video = tmp_path / "movie.mp4"
    assert find_sidecar(video) is None
    (tmp_path / "movie.vtt").touch()
    assert find_sidecar(video) == tmp_path / "movie.vtt"
    (tmp_path / "movie.srt").touch()
    assert find_sidecar(video) == tmp_path / "movie.srt"


@pytest.mark.parametrize(
    ("codec", "ending", "payload"),
    [
        ("mov_text", "mp4", struct.pack(">H", 8) + b"Hi <b>yo"),
        ("subrip", "mkv", b"<i>Hi</i> yo"),
        ("ass", "mkv", b"0,0,Default,,0,0,0,,{\\b1}Hi\\Nyo{\\p1}m 0 0"),
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
        text = target.add_mux_stream(codec)
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = video
                target.mux(packet)
        cue = av.Packet(payload)
        cue.stream, cue.time_base = text, Fraction(1, 1000)
        cue.pts = cue.dts = 1000
        cue.duration = 1500
        target.mux(cue)


def test_a_film_with_two_streams_of_subtitles() -> None:
    lines = read_embedded(data_folder("clips") / "misc" / "nasa_13013.mp4")
    assert lines[0].text == "NAR: This is the optical and science segment of the Webb"
    assert lines[0].start == pytest.approx(0.21)


def test_webvtt_inside_matroska_which_libav_cannot_decode() -> None:
    folder = data_folder("clips") / "odd"
    lines = read_embedded(folder / "androidx_sample_with_vtt_subtitles.mkv")
    assert lines == [SubtitleLine(0.0, 1.234, "This is the first subtitle.")]


def test_bitmap_subtitles_give_no_lines() -> None:
    folder = data_folder("clips") / "odd"
    for name in ("pgs_subtitles", "vobsub"):
        assert read_embedded(folder / f"androidx_sample_with_{name}.mkv") == []


def test_real_subtitle_files(tmp_path: Path) -> None:
    folder = data_folder("clips") / "subtitles"
    lines, error = read_subtitles(folder / "moviepy_subtitles.srt")
    assert [line.text for line in lines[:3]] == ["Red!", "More Red!", "Green!"]
    assert lines[2][:2] == (5.0, 6.0)
    assert error == ""
    shutil.copy(folder / "androidx_dash_sample.vtt", tmp_path / "a.vtt")
    assert [line.start for line in read_subtitles(tmp_path / "a.vtt")[0]] == [0.02, 0.1]
