"""Moments, numbers and tags from text."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from vireo.data.readers.parse import moments, numbers, tags

MOMENT = 1_709_251_199_000  # 2024-02-29 23:59:59 UTC


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1709251199", MOMENT),
        ("1709251199.5", MOMENT + 500),
        ("1709251199000", MOMENT),
        ("1709251199000000", MOMENT),
        ("1709251199000000000", MOMENT),
        ("1.709251199e9", MOMENT),
        ("2024-02-29 23:59:59", MOMENT),
        ("2024-02-29T23:59:59Z", MOMENT),
        ("2024-02-29T23:59:59.250", MOMENT + 250),
        ("2024-03-01T00:59:59+01:00", MOMENT),
        ("2024-02-29 23:59:59.000000+00:00", MOMENT),
        ("2024-02-29", MOMENT - 86_399_000),
        ("20240229", MOMENT - 86_399_000),
        ("2024/02/29", MOMENT - 86_399_000),
        ("2024-02-30", None),
        ("20241399", None),
        ("31.12.2024", None),
        ("nan", None),
        ("0x10", None),
        ("9" * 400, None),
    ],
)
def test_moments(text: str, milliseconds: int | None) -> None:
    """Alone, and among others that take other paths."""
    others = ["1709251199", "2024-02-29 23:59:59", None]
    assert moments(pl.Series([text], dtype=pl.String)).to_list() == [milliseconds]
    assert moments(pl.Series([*others, text])).to_list() == [MOMENT, MOMENT, None, milliseconds]


def test_years_only_where_they_are_expected() -> None:
    year = round(datetime.fromisoformat("1931-01-01T00:00+00:00").timestamp() * 1000)
    assert moments(pl.Series(["1931"]), years=True).to_list() == [year]
    assert moments(pl.Series(["1931"])).to_list() == [1_931_000]


def test_numbers() -> None:
    column = pl.Series(["1", "-2.5", "1e3", "NaN", "inf", "-inf", "one", "", None])
    assert numbers(column).to_list() == [1.0, -2.5, 1000.0, *[None] * 6]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a|b, c| a", ["a", "b, c"]),
        ("a; b ;;c", ["a", "b", "c"]),
        ("a, b", ["a", "b"]),
        ("alone", ["alone"]),
        ('["a", "b", "a", " "]', ["a", "b"]),
        ("['it''s', \"b\"]", ["its", "b"]),
        ("['children', 'dance']", ["children", "dance"]),
        ('[{"id": 1, "name": "Drama"}]', ["Drama"]),
        ("[1, 2.5]", ["1", "2.5"]),
        ("[]", []),
        ("[__import__('os').getcwd()]", None),
        ("['open", None),
        ("[" * 50_000, None),
        ("[" + "-" * 15_000 + "1]", None),
    ],
)
def test_tags(text: str, found: list[str] | None) -> None:
    assert tags(pl.Series([text, "x|y", None], dtype=pl.String)).to_list() == [
        found,
        ["x", "y"],
        None,
    ]
