"""Parsed rows and rules -> accepted rows, and rejects with the first reason against each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from vireo.data.readers import RowCounts
from vireo.data.readers.columns import Layout
from vireo.data.readers.rows import ROW, Rows, raw_json

Rule = tuple[pl.Expr, str]
"""(a condition on the parsed rows, the reason to reject rows where it holds)"""
ODD = "odd: "
"""Prefix of columns that mark rows with a warning; the rest of the name is the warning."""


@dataclass(frozen=True)
class ValidatedRows:
    """`accepted` are parsed rows (with ROW); `rejects` keep to REJECT_SCHEMA."""

    accepted: pl.DataFrame
    rejects: pl.DataFrame

    def rejected(self) -> dict[str, int]:
        """Reason -> rows."""
        counts = self.rejects.group_by("reason").len().sort("reason")
        return dict(counts.iter_rows())


def validate(
    table: str, rows: Rows, parsed: pl.DataFrame, rules: Sequence[Rule], unique: str = ""
) -> ValidatedRows:
    """Judge every row of `parsed`, which has the rows of `rows.frame` in the same order.

    With `unique`, of the accepted rows with an equal value in that column only the first stays.
    """
    reasons = parsed.select(
        reason=pl.coalesce(
            pl.lit(None, pl.String), *(pl.when(bad).then(pl.lit(why)) for bad, why in rules)
        )
    )["reason"]
    if unique:
        repeated = (reasons.is_null() & parsed[unique].is_not_null()).alias("repeated")
        once = parsed.select(unique).with_columns(repeated)
        first = once.select(pl.struct(unique, "repeated").is_first_distinct()).to_series()
        why = f"duplicate {unique.replace('_', ' ')}"
        reasons = (
            reasons.to_frame()
            .select(pl.when(repeated & ~first).then(pl.lit(why)).otherwise(pl.col("reason")))
            .to_series()
        )
    bad = reasons.is_not_null()
    refused = (
        rows.frame.filter(bad)
        .select(pl.col(ROW).alias("row"))
        .with_columns(
            reasons.filter(bad).alias("reason"), raw_json(rows.frame.filter(bad)).alias("raw")
        )
    )
    every = pl.concat([rows.broken, refused]).sort("row")
    rejects = every.select(
        pl.lit(table).alias("table"), pl.lit(rows.source).alias("source"), "row", "reason", "raw"
    )
    return ValidatedRows(parsed.filter(~bad), rejects)


def account(
    rows: Rows, layout: Layout, sifted: ValidatedRows, notes: Sequence[str] = ()
) -> RowCounts:
    """The account of one table that was laid out and sifted."""
    return RowCounts(
        file=rows.source,
        read=len(rows),
        accepted=len(sifted.accepted),
        rejected=sifted.rejected(),
        warnings=_warnings(sifted.accepted),
        notes=(*rows.notes, *notes),
        columns=layout.used,
        columns_not_used=layout.not_used,
        user_column=layout.used.get("user_id", ""),
    )


def unreadable(what: str, given: pl.Series, parsed: pl.Series) -> pl.Series:
    """A column that marks the rows whose optional value was there and could not be read."""
    return (given.is_not_null() & parsed.is_null()).alias(ODD + what)


def _warnings(accepted: pl.DataFrame) -> dict[str, int]:
    marks = {n.removeprefix(ODD): accepted[n] for n in accepted.columns if n.startswith(ODD)}
    return {what: int(mark.sum()) for what, mark in marks.items() if mark.any()}
