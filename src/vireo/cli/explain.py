"""vireo explain: why a video stands where it does for a viewer."""

from __future__ import annotations

from typing import Annotated

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption, opened
from vireo.cli.output import print_json, say


def command(
    user: Annotated[str, typer.Argument(help="A user id.")],
    video: Annotated[str, typer.Argument(help="A video id.")],
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Show why a video stands where it does for a viewer.

    The score by source, and what each of the viewer's own videos adds to it.
    """
    explanation = opened(workspace).explain(user, video)
    if as_json:
        print_json(explanation.as_json())
        return
    for line in str(explanation).splitlines():
        say(line)
