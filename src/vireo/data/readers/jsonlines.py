"""JSON Lines -> Split: one object per line; a line that is none costs itself alone."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import polars as pl

from vireo.data.readers.parsed_cells import Broken, ParsedCells, broken
from vireo.errors import InputError

MOST_COLUMNS = 200
"""Keys that are looked at: a file with a new key in every row must not fill the memory."""


def split_json_lines(text: str, path: Path) -> ParsedCells:
    """The values of every key as text. Raises InputError for one big JSON list."""
    if text.lstrip()[:1] == "[":
        raise InputError(
            f"{path} is one JSON list, not JSON Lines.",
            f"Write one object per line: `jq -c '.[]' {path.name} > rows.jsonl`.",
        )
    good: list[dict[str, Any]] = []
    bad: list[Broken] = []
    lines = (line for line in io.StringIO(text, newline="") if line.strip())
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict) and record:
            good.append(record)
        else:
            bad.append(broken(number, "the line is not a JSON object with keys", line.strip()))
    every = list(dict.fromkeys(name for record in good for name in record))
    names, extra = every[:MOST_COLUMNS], every[MOST_COLUMNS:]
    notes = (
        [f"{len(extra)} keys after the first {MOST_COLUMNS} were not looked at."] if extra else []
    )
    cells = {
        sound(name): pl.Series([cell_text(record.get(name)) for record in good], dtype=pl.String)
        for name in names
    }
    return ParsedCells(pl.DataFrame(cells), bad, notes)


def cell_text(value: Any) -> str | None:
    """A JSON value as the text that a CSV file would hold; lists and objects stay JSON."""
    if value is None:
        return None
    if isinstance(value, str):
        return value if value.isascii() else sound(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, (int, float)):
        return repr(value)
    return sound(json.dumps(value, ensure_ascii=False))


def sound(text: str) -> str:
    """The text without half characters (lone surrogates), which no file could hold."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
