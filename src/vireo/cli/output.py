"""Output of the verbs: one JSON document, or text and tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vireo.recommend.recommender import Picks

MAX_INLINE_CHARACTERS = 40
"""Longer list entries get a line each."""
JOINERS = "\u200c\u200d"
"""Zero-width joiners; emoji, Persian and Indic scripts need them."""
MAX_CELL_CHARACTERS = 160
"""Longer table cells are cut."""


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str, allow_nan=False))


def explain_error(what: str, hint: str) -> None:
    """Print an error and its hint on standard error."""
    print(f"vireo: {what}", file=sys.stderr)
    if hint:
        print(f"       {hint}", file=sys.stderr)


def console(stderr: bool = False) -> Console:
    """Console for standard output or error; 120 columns in pipes and logs."""
    plain: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False}
    out = Console(stderr=stderr, **plain)
    return out if out.is_terminal else Console(stderr=stderr, width=120, **plain)


def printable(text: str) -> str:
    """Untrusted text without control characters, which a terminal would obey."""
    return "".join(c if c.isprintable() or c in JOINERS else " " for c in text)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; cells are plain text, never markup."""
    shown = Table(title=Text(printable(title)), title_justify="left", box=None, pad_edge=False)
    for column in columns:
        right = column in ("rank", "score", "rows", "share", "seconds")
        shown.add_column(column, justify="right" if right else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(_cell(cell)) for cell in row))
    console().print(shown)


def _cell(value: Any) -> str:
    text = "" if value is None else printable(str(value))
    return text if len(text) <= MAX_CELL_CHARACTERS else text[: MAX_CELL_CHARACTERS - 1] + "…"


def print_picks(title: str, picks: Picks) -> None:
    """Print one list: rank, title, score, reason; then its notes."""
    rows = [(p.rank, p.title, f"{p.score:.2f}", p.reason) for p in picks]
    if rows:
        table(title, ("rank", "title", "score", "reason"), rows)
    else:
        say(title)
    for note in picks.notes:
        say(note)
    if not picks:
        say("(an empty list)")


def print_mapping(value: Mapping[str, Any], indent: int = 0) -> None:
    """Print a nested mapping as indented lines."""
    for name, entry in value.items():
        label = f"{'  ' * indent}{printable(str(name))}:"
        if isinstance(entry, Mapping):
            say(label)
            print_mapping(entry, indent + 1)
        elif isinstance(entry, (list, tuple)) and entry and isinstance(entry[0], Mapping):
            say(label)
            for row in entry:
                say(
                    "  " * (indent + 1)
                    + ", ".join(f"{k} {v}" for k, v in row.items() if v is not None)
                )
        elif isinstance(entry, (list, tuple)) and any(
            len(str(part)) > MAX_INLINE_CHARACTERS for part in entry
        ):
            say(label)
            for part in entry:
                say(f"{'  ' * (indent + 1)}{part}")
        elif isinstance(entry, (list, tuple)):
            say(f"{label} {', '.join(str(part) for part in entry)}")
        else:
            say(f"{label} {entry}")


def say(line: str, to_stderr: bool = False) -> None:
    """Print one line of text."""
    out = console(to_stderr)
    out.print(Text(printable(line)), soft_wrap=not out.is_terminal)
