"""Text of a table file: gzip, encodings, and errors for files that are no text."""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from vireo.errors import InputError

MAX_NUL_SHARE = 0.05
"""Largest share of NUL bytes in a text file."""
MAX_ACCENT_SHARE = 0.3
"""Largest share of non-ASCII characters in Western text."""
_BEYOND = re.compile(r"[^\x00-\x7f]")
_RUNS = re.compile(r"[^\x00-\x7f]{4,}")
_USUAL = re.compile(
    "[\u00a0-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u2013-\u2026\u20ac\u2122]"
)


@dataclass(frozen=True)
class Text:
    """Text of a file, and notes about its encoding."""

    text: str
    notes: list[str] = field(default_factory=list)
    damaged: bool = False
    """Whether invalid UTF-8 became U+FFFD; such rows are rejected."""


def checked(path: Path, what: str) -> Path:
    """The path of a non-empty file; InputError otherwise, with the name `what` of the table."""
    if path.is_dir():
        raise InputError(
            f"{path} is a directory, not a table of {what}.",
            "Name the file itself; for a data set's folder add --format (`vireo list readers`).",
        )
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Check the path of the table.")
    try:
        with path.open("rb") as file:
            first = file.read(1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check its rights.") from None
    if not first:
        raise InputError(f"{path} is empty (0 bytes).", f"Give a table of {what} with a header.")
    return path


def bytes_of(path: Path) -> bytes:
    """All bytes of the file, decompressed when its name ends in .gz."""
    if path.suffix.lower() != ".gz":
        return path.read_bytes()
    try:
        return gzip.decompress(path.read_bytes())
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(
            f"{path} is not a complete gzip file: {error}.", "Download or compress it again."
        ) from None


def text_of(path: Path) -> Text:
    """Text of a file in UTF-8, UTF-16 with BOM, or cp1252; InputError for others."""
    data = bytes_of(path)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _utf16(path, data)
    if data.count(b"\0") > MAX_NUL_SHARE * len(data):
        raise _no_text(path)
    try:
        return Text(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return _not_utf8(path, data)


def _utf16(path: Path, data: bytes) -> Text:
    try:
        return Text(data.decode("utf-16"), [f"{path.name} is in UTF-16."])
    except UnicodeDecodeError:
        raise _no_text(path) from None


def _not_utf8(path: Path, data: bytes) -> Text:
    """UTF-8 with a few invalid bytes, or cp1252; InputError for others."""
    repaired = data.decode("utf-8-sig", errors="replace")
    invalid = repaired.count("\ufffd")
    proper = sum(1 for character in repaired if character > "\x7f") - invalid
    if proper >= invalid:
        return Text(repaired, [f"{path.name} holds bytes that are not UTF-8."], damaged=True)
    try:
        western = data.decode("cp1252")
    except UnicodeDecodeError:
        raise _no_text(path) from None
    if not _sensible(western):
        raise _no_text(path)
    return Text(western, [f"{path.name} is not UTF-8: it was read as Western (cp1252)."])


def _sensible(text: str) -> bool:
    """Whether it looks like Western text.

    Other encodings, read as cp1252, give runs of accented letters or rare signs.
    """
    controls = any(character < " " and character not in "\t\r\n\0" for character in set(text))
    beyond = len(_BEYOND.findall(text))
    in_runs = sum(len(run) for run in _RUNS.findall(text))
    usual = len(_USUAL.findall(text))
    rare = beyond <= MAX_ACCENT_SHARE * len(text)
    return not controls and rare and usual >= 0.9 * beyond and in_runs <= 0.2 * beyond


def _no_text(path: Path) -> InputError:
    return InputError(
        f"{path} is neither UTF-8 nor another text that can be recognized.",
        "Save it as UTF-8 (`iconv -f OLD -t UTF-8 FILE`), or give Parquet.",
    )
