"""Parquet as text cells: integers without a point, times as ISO 8601, lists as JSON."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import parquet

from vireo.data.readers.jsonlines import cell_text
from vireo.errors import InputError


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
