"""Text cells of JSON Lines and Parquet files, and rows that could not be split."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import parquet

from vireo.errors import InputError

Broken = tuple[int, str, str]
"""(row number, reason, text as JSON)"""
MAX_RAW = 1000
"""Characters of each cell kept of a rejected row."""
MAX_COLUMNS = 200
"""Columns read: bounds the memory for a file with new keys in every row."""


@dataclass(frozen=True)
class ParsedCells:
    """All cells are String; row numbers count `broken` rows, too."""

    frame: pl.DataFrame
    broken: list[Broken] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def broken(row: int, reason: str, cells: str | Iterable[str]) -> Broken:
    """A row that cannot be split: its line or its cells."""
    raw = cells[:MAX_RAW] if isinstance(cells, str) else [cell[:MAX_RAW] for cell in cells]
    return row, reason, json.dumps(raw, ensure_ascii=False)


def distinct(names: Iterable[str]) -> list[str]:
    """Trimmed, distinct column names: a second `id` becomes `id (2)`."""
    seen: dict[str, int] = {}
    result = []
    for place, name in enumerate(names, start=1):
        plain = name.strip() or f"column {place}"
        seen[plain] = seen.get(plain, 0) + 1
        result.append(plain if seen[plain] == 1 else f"{plain} ({seen[plain]})")
    return result


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


def read_parquet(path: Path) -> pl.DataFrame:
    """All columns as String, unsupported types as null; InputError for an invalid file."""
    try:
        table = parquet.read_table(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(
            f"{path} is not a Parquet file that can be read: {str(error).splitlines()[0][:200]}",
            "Write it again, or give CSV.",
        ) from None
    frame = pl.DataFrame(table)
    return pl.DataFrame({name: _as_text(frame[name]) for name in frame.columns})


def _as_text(column: pl.Series) -> pl.Series:
    kind = column.dtype
    if kind.is_float():
        return _float_text(column)
    if isinstance(kind, pl.Datetime):
        if kind.time_zone is not None:
            column = column.dt.convert_time_zone("UTC")
        return column.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f")
    if isinstance(kind, (pl.List, pl.Array, pl.Struct)):
        return pl.Series(column.name, [cell_text(value) for value in _plain(column)], pl.String)
    if isinstance(kind, (pl.Binary, pl.Duration, pl.Object)):
        return pl.Series(column.name, [None] * len(column), pl.String)
    return column.cast(pl.String)


def _plain(column: pl.Series) -> list[object]:
    """Lists of texts or integers; None for other nested types."""
    inner = getattr(column.dtype, "inner", None)
    if inner is None or not (inner == pl.String or inner.is_integer()):
        return [None] * len(column)
    return column.to_list()


def _float_text(column: pl.Series) -> pl.Series:
    """Floats as text; a column of whole numbers (ids with nulls) has no point: 12.0 -> "12"."""
    finite = column.filter(column.is_finite())
    if len(finite) and bool((finite == finite.round()).all()) and float(finite.abs().max()) < 1e15:  # type: ignore[arg-type]
        whole = pl.when(column.is_finite()).then(column).cast(pl.Int64).cast(pl.String)
        return pl.select(pl.coalesce(whole, column.cast(pl.String))).to_series().alias(column.name)
    return column.cast(pl.String)
