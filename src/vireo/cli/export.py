"""vireo export: all stored data about a user."""

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
    """Print all stored data about a user as one JSON document."""
    work = opened(workspace)
    document = work.export(user)
    work.close()
    if not document["forgotten"] and not any(
        document[part] for part in document if part != "user_id"
    ):
        raise InputError(
            f"Nothing is stored about a user '{user}'.",
            "`vireo list users` shows the known ids; upper and lower case differ.",
        )
    print_json(document)
