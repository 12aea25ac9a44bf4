"""Subtitle files (SubRip, WebVTT, ASS and SSA) -> lines of plain text; parsing by pysubs2.

docs/decisions/0063-subtitles.md lists the cases in which pysubs2 needs help.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pysubs2 import SSAFile
from pysubs2.formats.substation import EVENT_FIELDS

from vireo.video.text.base import SubtitleLine
from vireo.video.text.markup import MAX_CHARACTERS, WORD_TIME, ass_text, plain_text

SUFFIXES = (".srt", ".vtt", ".ass", ".ssa")
MAX_BYTES = 1_000_000
ROLLING_GAP = 0.1
"""Seconds between two cues at most for the second to repeat rows of the first."""
_MAX_QUOTE = 80

_CLOCK = r"(?:(\d{1,2})[ \t]*:[ \t]*)?(\d{1,2})[ \t]*:[ \t]*(\d{1,2})(?:[ \t]*[.,][ \t]*(\d{1,3}))?"
_TIMING = re.compile(
    rf"^[ \t]*{_CLOCK}[ \t]*[-\u2013\u2014]+[ \t]*>[ \t]*{_CLOCK}(?=\s|\Z)[^\n]*$", re.MULTILINE
)
_IDENTIFIER = r"(?:^[ \t]*\d+[ \t]*\n|(?<=\n\n)[^\n]+\n)?"
_CUE_HEAD = re.compile(_IDENTIFIER + _TIMING.pattern, re.MULTILINE)
_BACKSLASH = "\ue000"
"""Stands in for a backslash, which pysubs2 would read as ASS."""


class Cue(NamedTuple):
    """Text displayed from `start` to `end` (seconds), with markup, rows by newline."""

    start: float
    end: float
    text: str


def find_sidecar(video: Path) -> Path | None:
    """The subtitle file of the video's name: movie.mp4 -> movie.srt, movie.vtt ..."""
    return next(
        (path for path in map(video.with_suffix, SUFFIXES) if path.is_file() and path != video),
        None,
    )


def read_subtitles(path: Path) -> tuple[list[SubtitleLine], str]:
    """Lines in order of time, and the error ("" for none)."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        return [], f"subtitles cannot be read: {error.strerror or error}"
    text = decode(raw[:MAX_BYTES])
    lines = parse(text)
    if len(raw) > MAX_BYTES:
        return lines, f"subtitles were cut after {MAX_BYTES // 1_000_000} MB"
    return lines, "" if lines or not text.strip() else _no_line_error(text)


def decode(raw: bytes) -> str:
    """UTF-8 (with or without a byte order mark), UTF-16 with a mark, or Windows-1252 -> text."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start > len(raw) - 4:  # the cut at MAX_BYTES split a character
            return raw[: error.start].decode("utf-8-sig")
        return raw.decode("cp1252", errors="replace")


def parse(text: str) -> list[SubtitleLine]:
    """Lines of any of the formats, which are detected by the content."""
    text = "\n".join(text.splitlines())
    return merge_cues(_cues(text) if _TIMING.search(text) else _ass_cues(text))


def merge_cues(cues: Iterable[Cue]) -> list[SubtitleLine]:
    """Cues -> lines in order of time; repeated cues and repeated rows only once.

    Rolling captions (YouTube, CEA-608) show each row again above the next one.
    """
    lines = list[SubtitleLine]()
    shown, shown_until = list[str](), 0.0
    for cue in sorted(cues, key=lambda cue: (cue.start, cue.end)):
        rows = [row for row in map(plain_text, cue.text.split("\n")) if row]
        repeated = _overlap(shown, rows) if cue.start - shown_until <= ROLLING_GAP else 0
        text = " ".join(rows[repeated:])[:MAX_CHARACTERS]
        if text and (not lines or lines[-1].text != text):
            lines.append(SubtitleLine(cue.start, cue.end, text))
        shown, shown_until = rows, cue.end
    return lines


def sorted_lines(lines: Iterable[SubtitleLine]) -> list[SubtitleLine]:
    """In order of time, without empty lines and immediate repetitions."""
    kept = list[SubtitleLine]()
    for line in sorted(lines, key=lambda line: (line.start, line.end)):
        if line.text and (not kept or kept[-1].text != line.text):
            kept.append(line)
    return kept


def _overlap(shown: list[str], rows: list[str]) -> int:
    """Number of first rows that repeat the last rows shown."""
    counts = range(min(len(shown), len(rows)), 0, -1)
    return next((count for count in counts if shown[-count:] == rows[:count]), 0)


def _cues(text: str) -> Iterator[Cue]:
    """SubRip and WebVTT, rewritten as plain SubRip for pysubs2."""
    if text.startswith("WEBVTT"):  # comments, styles and regions are blocks without a timing
        blocks = re.split(r"\n{2,}", text)
        text = "\n\n".join(block for block in blocks if _TIMING.search(block))
    text = re.sub(r"\n{3,}", "\n\n", re.sub(WORD_TIME, "", text)).replace("\\", _BACKSLASH)
    # a number after each cue, so that pysubs2 takes no number from its text
    text = _CUE_HEAD.sub(_subrip_head, text) + "\n\n0\n"
    for event in SSAFile.from_string(text, format_="srt", keep_html_tags=True):
        content = event.text.replace(r"\N", "\n").replace(_BACKSLASH, "\\")
        yield _cue(event.start, event.end, content)


def _subrip_head(match: re.Match[str]) -> str:
    clocks = [match.groups("0")[:4], match.groups("0")[4:]]
    return "\n\n0\n{} --> {}".format(*("{}:{}:{},{}".format(*clock) for clock in clocks))


def _ass_cues(text: str) -> Iterator[Cue]:
    """ASS and SSA, event by event: an invalid one would end pysubs2's reading of the file."""
    fields = EVENT_FIELDS["ass"]
    for row in text.split("\n"):
        kind, _, values = row.partition(":")
        if kind == "Format":
            names = [name.strip().lower() for name in values.split(",")]
            fields = names if {"start", "end", "text"} <= set(names) else fields
        elif kind == "Dialogue":
            event = dict(zip(fields, values.split(",", len(fields) - 1), strict=False))
            yield from _ass_cue(event)


def _ass_cue(event: dict[str, str]) -> Iterator[Cue]:
    """The event in pysubs2's fixed order of fields -> its cue; none for invalid times."""
    start, end, text = (event.get(name, "") for name in ("start", "end", "text"))
    try:
        events = SSAFile.from_string(
            f"Dialogue: 0,{start},{end},Default,,0,0,0,,{text}", format_="ass"
        )
    except ValueError:
        return
    for parsed in events:
        yield _cue(parsed.start, parsed.end, ass_text(parsed.text))


def _cue(start: int, end: int, text: str) -> Cue:
    """Times in milliseconds."""
    return Cue(max(start, 0) / 1000, max(start, end, 0) / 1000, text)


def _no_line_error(text: str) -> str:
    """Quotes the first row with a time, else the first row, if no cue was found."""
    error = "the subtitle file holds no line of text"
    if _TIMING.search(text):
        return error
    rows = [row.strip() for row in text.splitlines() if row.strip()]
    row = next((row for row in rows if re.search(r"\d\s*:\s*\d", row)), rows[0])
    return f'{error}; first line not understood: "{plain_text(row)[:_MAX_QUOTE]}"'
