"""vireo show: facts about a video, a user or a stage."""

from __future__ import annotations

from typing import Annotated

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption, opened
from vireo.cli.output import print_json, print_mapping, say
from vireo.serving.details import for_display


def command(
    what: Annotated[str, typer.Argument(help="A video id, a user id or a stage.")],
    workspace: WorkspaceOption = HERE,
    user: Annotated[bool, typer.Option("--user", help="Read it as a user id.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show facts about a video, a user or a stage.

    A video: metadata, visual features, dialogue, record. A user: topics and latest videos.
    A stage (data, video, behavior, ...): its report.
    """
    work = opened(workspace)
    facts, is_user_too = (work.user(what), False) if user else work.facts(what)
    if is_user_too:
        say(f"There is also a user '{what}': `vireo show {what} --user`.", to_stderr=True)
    if as_json:
        print_json(facts)
        return
    print_mapping(for_display(facts) if "metadata" in facts else facts)
