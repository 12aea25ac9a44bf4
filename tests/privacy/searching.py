"""Every byte of a workspace, and every table as it reads: where a trace would be found."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import polars as pl


def texts_in(workspace: Path) -> Iterator[tuple[str, str]]:
    """(where, text): every file as it lies there, and every table as it reads."""
    for path in sorted(workspace.rglob("*")):
        if not path.is_file():
            continue
        yield str(path), path.name + path.read_bytes().decode("utf-8", "replace")
        if path.suffix == ".parquet":
            yield f"{path} read", json.dumps(pl.read_parquet(path).to_dicts(), default=str)
        if path.suffix in (".db", ".sqlite"):
            with closing(sqlite3.connect(path)) as connection:
                yield f"{path} read", "\n".join(connection.iterdump())


def traces(workspace: Path, *words: str) -> set[str]:
    """Where any of the words stands."""
    return {where for where, text in texts_in(workspace) if any(word in text for word in words)}
