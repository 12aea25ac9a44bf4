"""Parsed cells of a table, and the rows that could not be split."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

Broken = tuple[int, str, str]
"""(row number, reason, text as JSON)"""
MAX_RAW = 1000
"""Characters of each cell kept of a rejected row."""


@dataclass(frozen=True)
class ParsedCells:
    """All cells are String; row numbers count `broken` rows, too."""

    frame: pl.DataFrame
    broken: list[Broken] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def broken(row: int, reason: str, cells: str | Iterable[str]) -> Broken:
    """A row that cannot be split: its line or its cells."""
    raw = cells[:MAX_RAW] if isinstance(cells, str) else [cell[:MAX_RAW] for cell in cells]
    return row, reason, json.dumps(raw, ensure_ascii=False)


def distinct(names: Iterable[str]) -> list[str]:
    """Trimmed, distinct column names: a second `id` becomes `id (2)`."""
    seen: dict[str, int] = {}
    result = []
    for place, name in enumerate(names, start=1):
        plain = name.strip() or f"column {place}"
        seen[plain] = seen.get(plain, 0) + 1
        result.append(plain if seen[plain] == 1 else f"{plain} ({seen[plain]})")
    return result
