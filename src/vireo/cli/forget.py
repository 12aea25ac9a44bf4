"""vireo forget: erase a user."""

from __future__ import annotations

from typing import Annotated

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption, opened
from vireo.cli.output import print_json, say


def command(
    user: Annotated[str, typer.Argument(help="A user id.")],
    purge: Annotated[
        bool, typer.Option("--purge", help="Rebuild now and delete earlier artifacts.")
    ] = False,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Erase a user and print a receipt.

    The user leaves lists and ingested tables at once; the next `vireo build` deletes the artifacts
    that were built with their rows.
    """
    receipt = opened(workspace).forget(user, purge=purge)
    if as_json:
        print_json(receipt.as_json())
        return
    for line in str(receipt).splitlines():
        say(line)
