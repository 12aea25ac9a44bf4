"""Rows of a table file: every cell as text, so that a bad cell rejects only its row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from vireo.data.readers.cells import MAX_RAW, Broken, ParsedCells, read_parquet, split_json_lines
from vireo.data.readers.delimited import split_delimited
from vireo.data.readers.files import Text, checked, text_of
from vireo.errors import InputError

ROW = "#row"
"""Column of row numbers: 1 is the first row below the header, blank lines not counted."""
BROKEN_SCHEMA: dict[str, Any] = {"row": pl.Int64, "reason": pl.String, "raw": pl.String}
SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".parquet", ".pq")


@dataclass(frozen=True)
class Rows:
    """Rows of one file: `frame` has all columns as String, and ROW."""

    source: str
    frame: pl.DataFrame
    broken: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=BROKEN_SCHEMA))
    """Rows that could not be split into cells."""
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        return [name for name in self.frame.columns if name != ROW]

    def __len__(self) -> int:
        return len(self.frame) + len(self.broken)


def read_rows(path: Path, what: str) -> Rows:
    """Rows of a CSV, TSV, JSON Lines (or .gz of these) or Parquet file; InputError for others.

    `what` names the table ("videos", "events") in errors.
    """
    kind = _kind(checked(path, what))
    if kind in (".parquet", ".pq"):
        return from_cells(path.name, ParsedCells(read_parquet(path)), Text(""))
    text = text_of(path)
    if not text.text.strip():
        raise InputError(f"{path} holds no rows.", f"Give a table of {what} with a header.")
    if kind in (".jsonl", ".ndjson", ".json"):
        return from_cells(path.name, split_json_lines(text.text, path), text)
    separator = "\t" if kind == ".tsv" else None
    return from_cells(path.name, split_delimited(text.text, path, separator), text)


def from_cells(source: str, split: ParsedCells, text: Text) -> Rows:
    """Rows of parsed cells; those with invalid bytes are broken."""
    broken = pl.DataFrame(split.broken, schema=BROKEN_SCHEMA, orient="row")
    notes = (*text.notes, *split.notes)
    rows = Rows(source, _numbered(split.frame, split.broken), broken, notes)
    rows = _without(rows, "\0", "the row holds a NUL byte")
    return (
        _without(rows, "\ufffd", "the row holds bytes that are not UTF-8") if text.damaged else rows
    )


def raw_json(frame: pl.DataFrame) -> pl.Series:
    """Rows as JSON, cells cut at MAX_RAW characters."""
    cells = [pl.col(name).str.slice(0, MAX_RAW) for name in frame.columns if name != ROW]
    return frame.select(raw=pl.struct(cells).struct.json_encode())["raw"]


def _kind(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    kind = suffixes[-1] if suffixes else ""
    if kind not in SUFFIXES:
        raise InputError(
            f"{path} is of no kind that can be read ('{kind or 'no suffix'}').",
            f"Give one of {', '.join(SUFFIXES)}; the text kinds also with .gz.",
        )
    return kind


def _numbered(frame: pl.DataFrame, broken: Sequence[Broken]) -> pl.DataFrame:
    """The frame with row numbers, without those of the broken rows."""
    numbers = pl.int_range(1, len(frame) + len(broken) + 1, dtype=pl.Int64, eager=True)
    taken = pl.Series([row for row, _, _ in broken], dtype=pl.Int64)
    return frame.with_columns(numbers.filter(~numbers.is_in(taken.implode())).alias(ROW))


def _without(rows: Rows, character: str, reason: str) -> Rows:
    if not rows.names:
        return rows
    cells = (pl.col(name).str.contains(character, literal=True) for name in rows.names)
    return move_to_broken(
        rows, pl.any_horizontal(cell.fill_null(value=False) for cell in cells), reason
    )


def move_to_broken(rows: Rows, mask: pl.Expr, reason: str) -> Rows:
    """Move the rows of the mask to the broken ones, with this reason."""
    bad = rows.frame.filter(mask)
    if bad.is_empty():
        return rows
    moved = bad.select(pl.col(ROW).alias("row"), pl.lit(reason).alias("reason"))
    broken = pl.concat([rows.broken, moved.with_columns(raw_json(bad).alias("raw"))])
    return replace(rows, frame=rows.frame.filter(~mask), broken=broken)
