"""Amazon Beauty, 5-core: one user a line, items in order of time, without times or texts."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from bench.base import Interactions, interactions


def read(data: Path) -> Interactions:
    """22,363 users, 12,101 items, 198,502 interactions."""
    rows: list[tuple[str, str, int]] = []
    with (data / "amazon-beauty" / "Beauty.txt").open(encoding="ascii") as file:
        for line in file:
            user, *items = line.split() or [""]
            rows += [(user, item, place) for place, item in enumerate(items)]
    schema = {"user": pl.String, "item": pl.String, "place": pl.Int64}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    whole = frame.with_columns(time=pl.lit(None, pl.Int64), value=pl.lit(1.0))
    return interactions(whole, {})
