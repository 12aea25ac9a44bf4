"""Split: what a splitter makes of a text: cells, and the rows that it could not split."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

Broken = tuple[int, str, str]
"""(row number, reason, what could be made out, as JSON)"""
MOST_RAW = 1000
"""Characters of one cell that are kept of a rejected row."""


@dataclass(frozen=True)
class ParsedCells:
    """All cells are String; `broken` rows are numbered as if they were in the frame."""

    frame: pl.DataFrame
    broken: list[Broken] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def broken(row: int, reason: str, cells: str | Iterable[str]) -> Broken:
    """A row that cannot be split: the text of its line, or its cells."""
    if isinstance(cells, str):
        raw: str | list[str] = cells[:MOST_RAW]
    else:
        raw = [cell[:MOST_RAW] for cell in cells]
    return row, reason, json.dumps(raw, ensure_ascii=False)


def distinct(names: Iterable[str]) -> list[str]:
    """Column names trimmed and made distinct: a second `id` becomes `id (2)`."""
    seen: dict[str, int] = {}
    result = []
    for place, name in enumerate(names, start=1):
        plain = name.strip() or f"column {place}"
        seen[plain] = seen.get(plain, 0) + 1
        result.append(plain if seen[plain] == 1 else f"{plain} ({seen[plain]})")
    return result
