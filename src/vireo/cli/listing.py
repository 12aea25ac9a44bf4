"""vireo list: contents of a workspace, and the parts of each registry."""

from __future__ import annotations

from typing import Annotated

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption, opened
from vireo.cli.output import print_json, say, table
from vireo.workspace.registries import REGISTRIES


def command(
    what: Annotated[
        str, typer.Argument(help=f"videos, users, artifacts, rejects, or: {', '.join(REGISTRIES)}.")
    ],
    workspace: WorkspaceOption = HERE,
    limit: Annotated[int, typer.Option(help="Rows to show; 0 shows all.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List videos, users, rejects, artifacts, or the parts of a registry.

    Parts can be named in vireo.toml: readers, encoders, experts, rules, ...
    """
    rows = _parts(what) if what in REGISTRIES else opened(workspace).rows(what)
    shown = rows[:limit] if limit else rows
    if as_json:
        print_json(shown)
        return
    if not shown:
        say(f"There are no {what}.")
        return
    columns = list(shown[0])
    table(f"{len(rows)} {what}", columns, ([row[c] for c in columns] for row in shown))


def _parts(what: str) -> list[dict[str, object]]:
    return [{"name": name} for name in REGISTRIES[what].names()]
