"""vireo export: everything that is held about a viewer."""

from __future__ import annotations

from typing import Annotated

import typer

from vireo.cli.options import HERE, WorkspaceOption, opened
from vireo.cli.output import print_json
from vireo.errors import InputError


def command(
    user: Annotated[str, typer.Argument(help="A user id.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Print everything that is held about a viewer, as one JSON document."""
    work = opened(workspace)
    held = work.export(user)
    work.close()
    if not held["forgotten"] and not any(held[part] for part in held if part != "user_id"):
        raise InputError(
            f"Nothing is held about a viewer '{user}'.",
            "`vireo list users` shows who is known; ids are compared letter by letter.",
        )
    print_json(held)
