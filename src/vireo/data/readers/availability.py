"""Columns of access, age rating, region, availability window and schedule of videos.

An unreadable cell never grants access: unreadable groups, regions and dates reject the row, an
unreadable age rating counts as 18.
"""

from __future__ import annotations

import polars as pl

from vireo.data.readers.columns import Layout, column
from vireo.data.readers.parse import moments, numbers, tags, trimmed, words
from vireo.data.readers.rows import ROW, Rows
from vireo.data.readers.validation import Rule, unreadable
from vireo.data.schedule import slots

ADULT = 18
"""Age for an unreadable age rating."""
RATINGS = {
    "G": 0, "U": 0, "TVY": 0, "TVG": 0, "ALL": 0, "TVY7": 7, "PG": 10, "TVPG": 10,
    "PG13": 13, "TV14": 14, "R": 17, "NC17": 17, "TVMA": 17, "X": 18,
}  # fmt: skip
"""Rating of the usual boards, without punctuation -> minimum age in years."""
LISTS = ("regions", "access", "needs", "participants")
GUARDED = ("regions", "access")
MOMENTS = ("available_from", "available_until")
LEVELS = {"beginner": 1, "introductory": 1, "basic": 1, "intermediate": 2, "advanced": 3}
TERMS_RULES: tuple[Rule, ...] = tuple(
    (pl.col(f"spoilt {name}"), f"{name} cannot be read") for name in (*GUARDED, *MOMENTS)
)
"""Reject rows with unreadable groups, regions or windows."""


def terms(rows: Rows, layout: Layout) -> list[pl.Series]:
    """Columns of VIDEO_SCHEMA for eligibility rules, and marks for TERMS_RULES and warnings."""
    given = rows.frame.select(
        ROW,
        *(words(column(rows, layout, n)).alias(n) for n in (*LISTS, "series", "schedule")),
        *(trimmed(column(rows, layout, n)).alias(n) for n in MOMENTS),
        *(trimmed(column(rows, layout, n)).alias(n) for n in ("age_rating", "episode", "level")),
    )
    lists = {name: tags(given[name]) for name in LISTS}
    windows = {name: moments(given[name], years=True) for name in MOMENTS}
    read = {**lists, **windows}
    ages, levels = _ages(given["age_rating"]), _levels(given["level"])
    episodes = numbers(given["episode"]).round().cast(pl.Int64, strict=False)
    spoilt = [
        (given[name].is_not_null() & read[name].is_null()).alias(f"spoilt {name}")
        for name in (*GUARDED, *MOMENTS)
    ]
    return [
        *(values.alias(name) for name, values in read.items()),
        *(given[name] for name in ("series", "schedule")),
        pl.select(pl.when(given["age_rating"].is_not_null()).then(ages.fill_null(ADULT)))
        .to_series()
        .alias("age_rating"),
        episodes.alias("episode"),
        levels.alias("level"),
        *spoilt,
        unreadable(f"age_rating could not be read: taken for {ADULT}", given["age_rating"], ages),
        unreadable("episode is not a number", given["episode"], episodes),
        unreadable("level could not be read", given["level"], levels),
        unreadable("schedule could not be read: never live", given["schedule"], _readable(given)),
    ]


def _readable(given: pl.DataFrame) -> pl.Series:
    """The schedules that can be read; the others are null."""
    known = {text: bool(slots(text)) for text in given["schedule"].drop_nulls().unique()}
    return pl.Series(
        [text if text and known[text] else None for text in given["schedule"]], dtype=pl.String
    )


def _ages(column: pl.Series) -> pl.Series:
    """`16+`, `FSK 12`, `PG-13`, `TV-MA` -> years."""
    letters = column.str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    known = letters.replace_strict(RATINGS, default=None, return_dtype=pl.Int64)
    digits = column.str.extract(r"(?:^|\D)(\d{1,2})(?:\D|$)").cast(pl.Int64, strict=False)
    sensible = pl.select(pl.when(digits <= 21).then(digits)).to_series()
    return pl.select(pl.coalesce(known, sensible)).to_series()


def _levels(column: pl.Series) -> pl.Series:
    """A number, or a word for one: beginner 1, intermediate 2, advanced 3."""
    words_of = column.str.strip_chars().str.to_lowercase()
    known = words_of.replace_strict(LEVELS, default=None, return_dtype=pl.Int64)
    number = numbers(column).round().cast(pl.Int64, strict=False)
    return pl.select(pl.coalesce(known, number)).to_series()
