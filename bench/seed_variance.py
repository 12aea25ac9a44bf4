"""The same row with several seeds: what chance does to a figure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from statistics import mean, stdev
from typing import Any

from bench.evaluator import figures_of

Row = Mapping[str, Any]
_SEED = re.compile(r":seed-\d+$")


def repeated(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of every system that was run with other seeds too, by its name.

    `NAME:seed-N` repeats `NAME` if it has the same settings; another recipe is another system.
    """
    by_name = {row["system"]: row for row in rows}
    groups: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: str(row["system"])):
        name = _SEED.sub("", row["system"])
        first = by_name.get(name)
        if name != row["system"] and first and first["settings"] == row["settings"]:
            groups.setdefault(name, [first]).append(row)
    return groups


def seeds(protocol: str, rows: Sequence[Row]) -> Iterator[str]:
    """Lines of Markdown: mean, standard deviation and range over the seeds; none without such."""
    groups = repeated(rows)
    if not groups:
        return
    names = figures_of(protocol)
    yield "Over seeds, mean ± standard deviation (lowest to highest); each seed's row is above."
    yield ""
    yield f"| system | seeds | {' | '.join(name.replace('_', ' ') for name in names)} |"
    yield "|---" * (2 + len(names)) + "|"
    for name, group in groups.items():
        drawn = ", ".join(str(row["seed"]) for row in group)
        cells = (_spread([row["metrics"][figure] for row in group]) for figure in names)
        yield f"| `{name}` | {drawn} | {' | '.join(cells)} |"
    yield ""


def _spread(values: Sequence[float]) -> str:
    range_ = f"{min(values):.4f} to {max(values):.4f}"
    return f"{mean(values):.4f} ± {stdev(values):.4f} ({range_})"
