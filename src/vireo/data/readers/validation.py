"""Validation of parsed rows: accepted rows, and rejects with their first reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from vireo.data.readers import RowCounts
from vireo.data.readers.columns import Layout
from vireo.data.readers.rows import ROW, Rows, raw_json

Rule = tuple[pl.Expr, str]
"""(condition on parsed rows, reason to reject them)"""
ODD = "odd: "
"""Prefix of columns that mark rows with a warning, followed by its text."""


@dataclass(frozen=True)
class ValidatedRows:
    """`accepted`: parsed rows with ROW; `rejects`: REJECT_SCHEMA."""

    accepted: pl.DataFrame
    rejects: pl.DataFrame

    def rejected(self) -> dict[str, int]:
        """Number of rows by reason."""
        return dict(self.rejects.group_by("reason").len().sort("reason").iter_rows())


def validate(
    table: str, rows: Rows, parsed: pl.DataFrame, rules: Sequence[Rule], unique: str = ""
) -> ValidatedRows:
    """Apply the rules to `parsed`, whose rows are those of `rows.frame`.

    `unique`: a column in which only the first of equal values is accepted.
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
    rejected_rows = (
        rows.frame.filter(bad)
        .select(pl.col(ROW).alias("row"))
        .with_columns(
            reasons.filter(bad).alias("reason"), raw_json(rows.frame.filter(bad)).alias("raw")
        )
    )
    every = pl.concat([rows.broken, rejected_rows]).sort("row")
    rejects = every.select(
        pl.lit(table).alias("table"), pl.lit(rows.source).alias("source"), "row", "reason", "raw"
    )
    return ValidatedRows(parsed.filter(~bad), rejects)


def account(
    rows: Rows, layout: Layout, validated: ValidatedRows, notes: Sequence[str] = ()
) -> RowCounts:
    """Row counts of one validated table."""
    return RowCounts(
        file=rows.source,
        read=len(rows),
        accepted=len(validated.accepted),
        rejected=validated.rejected(),
        warnings=_warnings(validated.accepted),
        notes=(*rows.notes, *notes),
        columns=layout.used,
        columns_not_used=layout.not_used,
        user_column=layout.used.get("user_id", ""),
    )


def unreadable(what: str, given: pl.Series, parsed: pl.Series) -> pl.Series:
    """Mark of rows whose optional value is present and unreadable."""
    return (given.is_not_null() & parsed.is_null()).alias(ODD + what)


def _warnings(accepted: pl.DataFrame) -> dict[str, int]:
    marks = {n.removeprefix(ODD): accepted[n] for n in accepted.columns if n.startswith(ODD)}
    return {what: int(mark.sum()) for what, mark in marks.items() if mark.any()}
