"""JSON Lines: one object per line; other lines are broken rows."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import polars as pl

from vireo.data.readers.parsed_cells import Broken, ParsedCells, broken
from vireo.errors import InputError

MAX_COLUMNS = 200
"""Columns read: bounds the memory for a file with new keys in every row."""


def split_json_lines(text: str, path: Path) -> ParsedCells:
    """Values of all keys as text. Raises InputError for a JSON list."""
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
    names, extra = every[:MAX_COLUMNS], every[MAX_COLUMNS:]
    note = f"{len(extra)} keys after the first {MAX_COLUMNS} were not looked at."
    cells = {
        sound(name): pl.Series([cell_text(record.get(name)) for record in good], dtype=pl.String)
        for name in names
    }
    return ParsedCells(pl.DataFrame(cells), bad, [note] if extra else [])


def cell_text(value: Any) -> str | None:
    """A JSON value as the text of a CSV cell; lists and objects stay JSON."""
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
    """The text without lone surrogates, which cannot be stored."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
