"""What the parts of docs/benchmarks.md are made of: a section per results file, and tables."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Result = Mapping[str, Any]
Makers = Mapping[str, Callable[[Result], Iterator[str]]]
"""Results file -> the lines of its section, in the order of the page."""


def sections(results: Path, makers: Makers, made: Callable[[Result], str]) -> str:
    """The sections of those files that are in the folder; `made` tells how each file was made."""
    text = ""
    for name, maker in makers.items():
        result = read(results / f"{name}.json")
        if result is not None:
            text += "\n".join(["", *maker(result), "", made(result)]).rstrip("\n") + "\n"
    return text


def read(path: Path) -> Result | None:
    """A results file; None where there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def typed(result: Result) -> str:
    """The command as it was typed; older files hold it as one text."""
    command = result["command"]
    return command if isinstance(command, str) else shlex.join(command)


def line(cells: Sequence[str]) -> str:
    """One row of a table."""
    return f"| {' | '.join(cells)} |"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Heads, the line below them, and the rows."""
    yield line(heads)
    yield "|---" * len(heads) + "|"
    for row in rows:
        yield line(row)
