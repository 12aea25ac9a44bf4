"""Text cells as timestamps, numbers and lists of tags; unreadable ones are null."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl

MISSING = ("", "null", "NULL", "None", "<NA>", "\\N")
"""Spellings of a missing value."""
NOT_A_NUMBER = ("NaN", "nan", "NAN")
MAX_LITERAL_LENGTH = 20_000
"""Longest list in Python's notation, in characters."""
MAX_BRACKETS = 2_000

_PLAIN_MOMENT = "%Y-%m-%d %H:%M:%S%.f"
_FIRST_DAY, _LAST_DAY = 1800_01_01, 2200_12_31
_LAST_MOMENT = 250_000_000_000_000  # ms: no date before the year -5900 or after 9800 is meant


def trimmed(column: pl.Expr) -> pl.Expr:
    """Stripped text; spellings of a missing value are null."""
    bare = column.str.strip_chars()
    return pl.when(~bare.is_in(MISSING)).then(bare)


def words(column: pl.Expr) -> pl.Expr:
    """Like `trimmed`, for ids and texts: NaN is null, too."""
    bare = column.str.strip_chars()
    return pl.when(~bare.is_in(MISSING + NOT_A_NUMBER)).then(bare)


def numbers(column: pl.Series) -> pl.Series:
    """Finite numbers as Float64; NaN, infinity and text are null."""
    value = column.cast(pl.Float64, strict=False)
    return pl.select(pl.when(value.is_finite()).then(value)).to_series()


def moments(column: pl.Series, *, years: bool = False) -> pl.Series:
    """Milliseconds since 1970 UTC, as Int64, of times in any usual notation.

    Numbers count seconds, milliseconds, microseconds or nanoseconds, by their size;
    eight digits are a day (20240131), and with `years` four digits are a year. Everything else
    is ISO 8601; without a time zone it is UTC.
    """
    count = numbers(column)
    size = count.abs()
    known = pl.select(
        pl.when(size < 1e11)
        .then(count * 1e3)
        .when(size < 1e14)
        .then(count)
        .when(size < 1e17)
        .then(count / 1e3)
        .otherwise(count / 1e6)
        .round()
        .cast(pl.Int64, strict=False)
    ).to_series()
    day = (count == count.floor()) & (count >= _FIRST_DAY) & (count <= _LAST_DAY)
    year = (count == count.floor()) & (count >= 1800) & (count <= 2200)
    spelt = count.is_null() | day | (year if years else pl.Series([False]))
    written = pl.select(pl.when(spelt.fill_null(value=True)).then(column)).to_series()
    read = _written_moments(written, years)
    found = pl.when(written.is_null()).then(known).otherwise(read)
    return pl.select(pl.when(found.abs() <= _LAST_MOMENT).then(found)).to_series()


def _written_moments(column: pl.Series, years: bool) -> pl.Series:
    plain = column.str.replace("T", " ", literal=True).str.strip_suffix("Z")
    quick = plain.str.to_datetime(_PLAIN_MOMENT, strict=False, time_unit="ms").cast(pl.Int64)
    rest = quick.is_null() & column.is_not_null()
    if not rest.any():
        return quick
    slow = _mapped(column, rest, lambda text: iso_moment(text, years), pl.Int64)
    return pl.select(pl.coalesce(quick, slow)).to_series()


def iso_moment(text: str, years: bool = False) -> int | None:
    """One ISO 8601 time, date or year in milliseconds since 1970 UTC, or None."""
    if years and len(text) == 4 and text.isdecimal():
        text += "-01-01"
    try:
        moment = datetime.fromisoformat(text.replace("/", "-"))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def tags(column: pl.Series) -> pl.Series:
    """Lists of distinct tags from JSON, Python's notation, or text separated by | ; or comma."""
    listed = column.str.starts_with("[").fill_null(value=False)
    text = pl.col("text")
    separator = (
        pl.when(text.str.contains("|", literal=True))
        .then(pl.lit("|"))
        .when(text.str.contains(";", literal=True))
        .then(pl.lit(";"))
        .otherwise(pl.lit(","))
    )
    piece = pl.element().str.strip_chars()
    kept = piece.filter(piece != "").unique(maintain_order=True)
    split = column.alias("text").to_frame().select(text.str.split(separator).list.eval(kept))
    parted = split.to_series()
    if not listed.any():
        return parted
    slow = _mapped(column, listed, _tag_list, pl.List(pl.String))
    return pl.select(pl.when(listed).then(slow).otherwise(parted)).to_series()


def _tag_list(text: str) -> list[str] | None:
    value = _literal(text)
    if not isinstance(value, (list, tuple)):
        return None
    found = (_tag(entry) for entry in value)
    return list(dict.fromkeys(tag for tag in found if tag))


def _tag(entry: Any) -> str:
    if isinstance(entry, dict):
        entry = entry.get("name", "")
    return str(entry).strip() if isinstance(entry, (str, int, float)) else ""


def _literal(text: str) -> Any:
    """The list in JSON or Python's notation, parsed without evaluation."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if len(text) > MAX_LITERAL_LENGTH or sum(map(text.count, "[({")) > MAX_BRACKETS:
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _mapped(
    column: pl.Series, where: pl.Series, function: Callable[[str], Any], kind: Any
) -> pl.Series:
    """Function values of the cells at `where`, null elsewhere; one call per distinct text."""
    known = {cell: function(cell) for cell in column.filter(where).unique(maintain_order=True)}
    cells = pl.select(pl.when(where).then(column)).to_series()
    return pl.Series([None if cell is None else known[cell] for cell in cells], dtype=kind)
