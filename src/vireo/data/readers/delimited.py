"""CSV and TSV: Arrow's reader for text without quotes, the csv module otherwise."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import csv as arrow_csv

from vireo.data.readers.cells import Broken, ParsedCells, broken, distinct
from vireo.errors import InputError

SEPARATORS = ",;\t|"
UNCLOSED = "the quotes in this row are not closed or not doubled"
MAX_BLOCK_BYTES = 1 << 30


def split_delimited(
    text: str,
    path: Path,
    separator: str | None = None,
    names: Sequence[str] | None = None,
) -> ParsedCells:
    """Cells of a table with one record per line.

    The default separator is the most frequent one in the header. With `names` the text has no
    header and no quoting (.dat files). Raises InputError for an unreadable header.
    """
    if names is not None:
        return _columns_at_once(text, separator or ",", list(names))
    text = text.lstrip("\r\n")
    header = io.StringIO(text, newline="").readline()
    body, header = text[len(header) :], header.rstrip("\r\n")
    separator = separator or max(SEPARATORS, key=header.count)
    if '"' not in text:
        return _columns_at_once(body, separator, distinct(header.split(separator)))
    return _line_by_line(text, separator, path)


def _wrong_width(found: int, expected: int) -> str:
    few = "few" if found < expected else "many"
    return f"too {few} fields: {found} instead of {expected}"


def _columns_at_once(body: str, separator: str, names: list[str]) -> ParsedCells:
    """Cells by Arrow's reader; rows with a wrong number of fields are broken."""
    bad: list[Broken] = []

    def set_aside(row: Any) -> str:
        reason = _wrong_width(row.actual_columns, row.expected_columns)
        bad.append(broken(row.number, reason, row.text.split(separator)))
        return "skip"

    if not body.strip("\r\n"):
        return ParsedCells(pl.DataFrame(schema=dict.fromkeys(names, pl.String)))
    data = body.encode("utf-8", errors="replace")
    table = arrow_csv.read_csv(
        pa.BufferReader(data),
        # Arrow numbers invalid rows with one thread only.
        read_options=arrow_csv.ReadOptions(
            use_threads=False, column_names=names, block_size=min(len(data) + 1, MAX_BLOCK_BYTES)
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=separator, quote_char=False, invalid_row_handler=set_aside
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
        ),
    )
    return ParsedCells(pl.DataFrame(table), bad)


def _line_by_line(text: str, separator: str, path: Path) -> ParsedCells:
    records = _records(text, separator)
    header = next(records)
    if isinstance(header, str):
        raise InputError(
            f"The header of {path} cannot be read: {header[:200]!r}.", "Correct its quotes."
        )
    names = distinct(header)
    good: list[list[str]] = []
    bad: list[Broken] = []
    for number, record in enumerate(records, start=1):
        if isinstance(record, str):
            bad.append(broken(number, UNCLOSED, record))
        elif len(record) != len(names):
            bad.append(broken(number, _wrong_width(len(record), len(names)), record))
        else:
            good.append(record)
    columns = zip(*good, strict=True) if good else [()] * len(names)
    cells = {
        name: pl.Series(name, column, pl.String)
        for name, column in zip(names, columns, strict=True)
    }
    return ParsedCells(pl.DataFrame(cells), bad)


def _records(text: str, separator: str) -> Iterator[list[str] | str]:
    """Cells of each record, or its line if the quotes are invalid.

    After an error the reader restarts at the next line, so an unclosed quote costs one row.
    """
    # Transcripts exceed the module's limit, which is global.
    csv.field_size_limit(max(csv.field_size_limit(), 1 << 30))
    lines = io.StringIO(text, newline="").readlines()
    start = 0
    while start < len(lines):
        rest = map(lines.__getitem__, range(start, len(lines)))
        reader = csv.reader(rest, delimiter=separator, strict=True)
        done = 0
        try:
            for record in reader:
                done = reader.line_num
                if record:
                    yield record
            return
        except csv.Error:
            yield lines[start + done].rstrip("\r\n")
            start += done + 1
