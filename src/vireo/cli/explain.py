"""vireo explain: contributions to a video's score for a user."""

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
    """Explain the score of a video for a user.

    Prints the score by source, and the contribution of each video in the user's history.
    """
    explanation = opened(workspace).explain(user, video)
    if as_json:
        print_json(explanation.as_json())
        return
    for line in str(explanation).splitlines():
        say(line)
