"""Subtitle files (SRT, WebVTT, ASS) -> timed lines of plain text."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import NamedTuple

ENDINGS = (".srt", ".vtt", ".ass", ".ssa")
MOST_BYTES = 1_000_000
LONGEST_LINE = 1_000

_CLOCK = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
_TIMING = re.compile(rf"^\s*{_CLOCK}\s*-->\s*{_CLOCK}")
_MARKUP = re.compile(r"<[^<>\n]{0,200}>|\{\\[^{}\n]{0,400}\}")
_ASS_FIELDS = ("layer", "start", "end", "style", "name", "left", "right", "vertical", "effect")


class SubtitleLine(NamedTuple):
    """What is said, or shown, from `start` to `end` (seconds)."""

    start: float
    end: float
    text: str
    source: str = ""
    """speech or screen; nothing for subtitles."""


def beside(video: Path) -> Path | None:
    """The subtitle file that shares the video's name: movie.mp4 -> movie.srt, movie.vtt ..."""
    return next(
        (path for path in map(video.with_suffix, ENDINGS) if path.is_file() and path != video),
        None,
    )


def read(path: Path) -> tuple[list[SubtitleLine], str]:
    """The lines in order of time, and what went wrong ("" for nothing)."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        return [], f"subtitles cannot be read: {error.strerror or error}"
    lines = parse(decoded(raw[:MOST_BYTES]))
    if len(raw) > MOST_BYTES:
        return lines, f"subtitles were cut after {MOST_BYTES // 1_000_000} MB"
    return lines, "" if lines or not raw.strip() else "the subtitle file holds no line of text"


def decoded(raw: bytes) -> str:
    """Text from UTF-8 (with or without a mark), UTF-16 with a mark, or Windows-1252."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start > len(raw) - 4:  # the cut at MOST_BYTES went through a letter
            return raw[: error.start].decode("utf-8-sig")
        return raw.decode("cp1252", errors="replace")


def parse(text: str) -> list[SubtitleLine]:
    """Lines of any of the three formats, told apart by their content."""
    ass = re.search(r"^Dialogue:", text, re.MULTILINE) and "-->" not in text
    found = _ass(text) if ass else _cues(text)
    return tidy(found)


def tidy(lines: list[SubtitleLine]) -> list[SubtitleLine]:
    """In order of time, without empty lines and without what is repeated at once."""
    kept: list[SubtitleLine] = []
    for line in sorted(lines, key=lambda line: (line.start, line.end)):
        if line.text and (not kept or kept[-1].text != line.text):
            kept.append(line)
    return kept


def plain(text: str) -> str:
    """Text without tags, style codes, entities and control characters, on one line."""
    text = _MARKUP.sub("", text.replace("\\N", " ").replace("\\n", " ").replace("\\h", " "))
    text = _MARKUP.sub("", html.unescape(text))
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(text.split())[:LONGEST_LINE]


def _cues(text: str) -> list[SubtitleLine]:
    """SRT and WebVTT: a line of timing, then text until an empty line."""
    lines: list[SubtitleLine] = []
    clock, words = None, list[str]()
    for row in [*text.splitlines(), ""]:
        timing = _TIMING.match(row)
        if timing or not row.strip():
            if clock:
                words = words[:-1] if timing and words and words[-1].isdecimal() else words
                lines.append(SubtitleLine(*clock, plain("\n".join(words).replace("\n", " "))))
            clock, words = (_span(timing), []) if timing else (None, [])
        elif clock:
            words.append(row.strip())
    return lines


def _span(timing: re.Match[str]) -> tuple[float, float]:
    parts = timing.groups()
    start, end = _seconds(parts[:4]), _seconds(parts[4:])
    return start, max(start, end)


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}")


def _ass(text: str) -> list[SubtitleLine]:
    """Advanced SubStation: `Dialogue:` rows; the text is the last field and may hold commas."""
    lines = []
    for row in text.splitlines():
        if not row.startswith("Dialogue:"):
            continue
        fields = row.removeprefix("Dialogue:").split(",", len(_ASS_FIELDS))
        clocks = [re.fullmatch(_CLOCK, field.strip()) for field in fields[1:3]]
        if len(fields) > len(_ASS_FIELDS) and clocks[0] and clocks[1]:
            start, end = _seconds(clocks[0].groups()), _seconds(clocks[1].groups())
            lines.append(SubtitleLine(start, max(start, end), plain(fields[-1])))
    return lines
