"""vireo forget: remove a viewer."""

from __future__ import annotations

from typing import Annotated

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption, opened
from vireo.cli.output import print_json, say


def command(
    user: Annotated[str, typer.Argument(help="A user id.")],
    purge: Annotated[
        bool, typer.Option("--purge", help="Build anew now, and delete what was made before.")
    ] = False,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Remove a viewer, and print a receipt.

    At once from every answer and from the ingested tables; the next `vireo build` deletes what was
    made from everybody's rows before.
    """
    receipt = opened(workspace).forget(user, purge=purge)
    if as_json:
        print_json(receipt.as_json())
        return
    for line in str(receipt).splitlines():
        say(line)
