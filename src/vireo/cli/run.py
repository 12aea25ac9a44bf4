"""vireo run: two tables in, lists out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from vireo.cli.ingest import print_accounting
from vireo.cli.options import ColumnsOption, JsonOption, ListLength, QueryOption, column_map
from vireo.cli.output import print_json, print_picks, say
from vireo.engine.progress_bar import progress_for_stderr
from vireo.errors import InputError
from vireo.workspace.run import run_tables

MAX_PRINTED_LISTS = 5
"""Lists printed if no user is named."""


def command(
    videos: Annotated[Path, typer.Argument(help="Table of videos: CSV, Parquet or JSON Lines.")],
    events: Annotated[Path, typer.Argument(help="Table of events: user, video, event type, time.")],
    user: Annotated[
        list[str] | None, typer.Option(help="A user id. Repeat it. Default: all.")
    ] = None,
    k: ListLength = None,
    query: QueryOption = "",
    columns: ColumnsOption = None,
    workspace: Annotated[
        Path | None,
        typer.Option("-w", "--workspace", help="Workspace to create or reuse [default: a cache]."),
    ] = None,
    as_json: JsonOption = False,
    pairs: Annotated[bool, typer.Option("--pairs", help='Print [["title", 0.85], ...].')] = False,
) -> None:
    """Read two tables, build all stages, print a list per user. A second run reuses the build."""
    if pairs and len(user or []) != 1:
        raise InputError("--pairs prints one list.", "Name one user: --user ID --pairs.")
    done = run_tables(
        videos,
        events,
        columns=column_map(columns),
        workspace=workspace,
        progress=progress_for_stderr(),
    )
    names = list(user or done.users())
    if pairs:
        picks = done.workspace.recommend(names[0], k, query)
        print(json.dumps([[p.title, p.score] for p in picks], ensure_ascii=False))
        return
    if as_json:
        print_accounting(done.report, to_stderr=True)
        lists = ((name, done.workspace.recommend(name, k, query)) for name in names)
        print_json([{"user_id": n, "recommendations": p.as_json()} for n, p in lists])
        return
    print_accounting(done.report)
    if not names:
        say("There are no events yet: --user ID prints a cold-start list.")
    for name in names if user else names[:MAX_PRINTED_LISTS]:
        say("")
        print_picks(f"For {name}", done.workspace.recommend(name, k, query))
    if not user and len(names) > MAX_PRINTED_LISTS:
        say("")
        say(f"{len(names) - MAX_PRINTED_LISTS} more users: choose with --user, or all with --json.")
    say(f"Workspace: {done.workspace.path}")
