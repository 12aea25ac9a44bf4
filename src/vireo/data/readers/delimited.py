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

from vireo.data.readers.parsed_cells import Broken, ParsedCells, broken, distinct
from vireo.errors import InputError

SEPARATORS = ",;\t|"
UNCLOSED = "the quotes in this row are not closed or not doubled"
MOST_BLOCK = 1 << 30


def split_delimited(
    text: str,
    path: Path,
    separator: str | None = None,
    names: Sequence[str] | None = None,
) -> ParsedCells:
    """The cells of a table with one record per line.

    Without `separator` it is the one that the header holds most of. With `names` the text has
    no header and quotes mean nothing (the layout of .dat files). Raises InputError for a header
    that can't be read.
    """
    if names is not None:
        return _columns_at_once(text, separator or ",", list(names))
    text = text.lstrip("\r\n")
    header, _, body = _first_line(text)
    separator = separator or max(SEPARATORS, key=header.count)
    if '"' not in text:
        return _columns_at_once(body, separator, distinct(header.split(separator)))
    return _line_by_line(text, separator, path)


def _first_line(text: str) -> tuple[str, str, str]:
    line = io.StringIO(text, newline="").readline()
    return line.rstrip("\r\n"), "", text[len(line) :]


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
        # One thread: only then are the rows of a wrong width numbered.
        read_options=arrow_csv.ReadOptions(
            use_threads=False, column_names=names, block_size=min(len(data) + 1, MOST_BLOCK)
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
            f"The header of {path} cannot be read: {header[:200]!r}.", "Mend its quotes."
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
    """The cells of each record, or the line itself where its quotes make no sense.

    A quote that is never closed would swallow the rows below it: after an error the reading
    starts again on the next line, so that it costs one row.
    """
    # Transcripts are longer than the module's limit, which exists for the whole process only.
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
