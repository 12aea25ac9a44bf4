"""User attributes from a table: age, region, languages, groups; only an id is required."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from vireo.data.readers import RowCounts
from vireo.data.readers.columns import VIEWER_ALIASES, column, lay_out, require
from vireo.data.readers.parse import moments, numbers, tags, trimmed, words
from vireo.data.readers.rows import ROW, read_rows
from vireo.data.readers.validation import Rule, account, unreadable, validate
from vireo.store.base import UserAttributes
from vireo.store.validation import MAX_AGE, MAX_ID, MAX_WORD

YEAR = 365.2425 * 86_400_000
_RULES: tuple[Rule, ...] = (
    (pl.col("user_id").is_null(), "no user id"),
    (pl.col("user_id").str.len_chars() > MAX_ID, f"user id longer than {MAX_ID} characters"),
    (pl.col("region").str.len_chars() > MAX_WORD, f"region longer than {MAX_WORD} characters"),
    (pl.col("spoilt groups"), "groups cannot be read"),
    (pl.col("spoilt age"), "age cannot be read"),
)
"""Age and groups protect users, so a row where they are unreadable is rejected."""


@dataclass(frozen=True)
class UserTable:
    """Users of one table, with its row counts and rejects."""

    users: tuple[UserAttributes, ...]
    account: RowCounts
    rejects: pl.DataFrame


def read_users(path: Path, now: int) -> UserTable:
    """Users of a table; the first of rows with one id counts, `now` (ms) gives ages of birth dates.

    Raises InputError for an invalid table, or one without a user column.
    """
    rows = read_rows(path, "viewers")
    layout = lay_out(rows, VIEWER_ALIASES, {})
    require(layout, rows, "viewers", ("user_id",))
    given = rows.frame.select(
        ROW,
        *(words(column(rows, layout, n)).alias(n) for n in ("user_id", "region")),
        *(trimmed(column(rows, layout, n)).alias(n) for n in ("age", "born")),
        *(words(column(rows, layout, n)).alias(n) for n in ("languages", "groups")),
    )
    age, given_age = _ages(given, now), given.select(pl.coalesce("age", "born")).to_series()
    groups, languages = tags(given["groups"]), tags(given["languages"])
    parsed = given.with_columns(
        age.alias("age"),
        groups.alias("groups"),
        languages.alias("languages"),
        (given["groups"].is_not_null() & groups.is_null()).alias("spoilt groups"),
        (given_age.is_not_null() & age.is_null()).alias("spoilt age"),
        unreadable("languages could not be read", given["languages"], languages),
    )
    validated = validate("viewers", rows, parsed, _RULES, unique="user_id")
    return UserTable(
        tuple(_user(row) for row in validated.accepted.iter_rows(named=True)),
        account(rows, layout, validated),
        validated.rejects,
    )


def _ages(given: pl.DataFrame, now: int) -> pl.Series:
    """Ages in years, from the age or the date of birth; null for impossible ones."""
    age = numbers(given["age"])
    born = (now - moments(given["born"], years=True)) / YEAR
    # With a year alone the younger of two possible ages counts.
    only_year = given["born"].str.len_chars() == 4
    year = pl.when(only_year).then(_years_since(given["born"], now)).otherwise(born)
    found = pl.select(pl.coalesce(age, year)).to_series()
    return pl.select(pl.when((found >= 0) & (found <= MAX_AGE)).then(found)).to_series()


def _years_since(year: pl.Series, now: int) -> pl.Series:
    return datetime.fromtimestamp(now / 1000, UTC).year - 1 - numbers(year)


def _user(row: dict[str, Any]) -> UserAttributes:
    lists = (tuple(row[name] or ()) for name in ("languages", "groups"))
    return UserAttributes(row["user_id"], row["age"], row["region"] or "", *lists)
