"""vireo ingest: read and validate tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from vireo.cli.options import HERE, ColumnsOption, JsonOption, WorkspaceOption, column_map, opened
from vireo.cli.output import print_json, say


def command(
    workspace: WorkspaceOption = HERE,
    videos: Annotated[
        Path | None, typer.Option(help="Table of videos (CSV, Parquet, JSONL).")
    ] = None,
    events: Annotated[
        Path | None, typer.Option(help="Table of events, or a data set's folder.")
    ] = None,
    users: Annotated[
        Path | None, typer.Option(help="Table of users: age, region, languages, groups.")
    ] = None,
    format: Annotated[str, typer.Option(help="Reader: see `vireo list readers`.")] = "table",
    columns: ColumnsOption = None,
    replace: Annotated[bool, typer.Option(help="Replace the tables ingested before.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Read and validate tables. Rejected rows are counted by reason and kept in `rejects`."""
    report = opened(workspace).ingest(
        videos, events, users=users, format=format, columns=column_map(columns), replace=replace
    )
    if as_json:
        print_json(report)
        return
    say("All tables ingested so far:")
    print_accounting(report)
    if "videos" not in report:
        return
    say(f"Next: vireo build -w {workspace}")


def print_accounting(report: Mapping[str, Any], to_stderr: bool = False) -> None:
    """Print read, accepted and rejected rows of all ingested tables, and notes."""
    for line in _accounting(report):
        say(line, to_stderr)


def _accounting(report: Mapping[str, Any]) -> Iterator[str]:
    for name in (name for name in ("videos", "events", "user_attributes") if name in report):
        counts = report[name]
        yield f"{name.replace('_', ' ')}: {counts['read']} rows read, {counts['accepted']} accepted"
        for reason, rows in sorted(counts["rejected"].items(), key=lambda entry: -entry[1]):
            yield f"    {rows} rejected: {reason}"
    for note in report.get("notes", []):
        yield f"note: {note}"
