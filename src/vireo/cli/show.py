"""vireo show: what is known of a video, a viewer or a stage."""

from __future__ import annotations

from typing import Annotated

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption, opened
from vireo.cli.output import print_json, print_mapping, say
from vireo.pipeline import STAGES
from vireo.serving.details import for_people
from vireo.workspace import Workspace


def command(
    what: Annotated[str, typer.Argument(help="A video id, a user id or a stage.")],
    workspace: WorkspaceOption = HERE,
    viewer: Annotated[
        bool, typer.Option("--viewer", help="It is a user id, whatever else has that name.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what is known of a video, a viewer or a stage.

    Of a video: what was read, seen, heard and understood. Of a viewer: topics and latest videos.
    Of a stage (data, video, behavior, ...): its report.
    """
    work = opened(workspace)
    facts = work.served.about_user(what) if viewer else _facts(work, what)
    if as_json:
        print_json(facts)
        return
    print_mapping(for_people(facts) if "given" in facts else facts)


def _facts(work: Workspace, what: str) -> dict[str, object]:
    """Of a stage, else of a video, else of a viewer; a viewer of the same name is mentioned."""
    if what in STAGES:
        return work.about_stage(what)
    served = work.served
    if what not in served.catalogue.ids:
        return served.about_user(what)
    if len(served.history(what)):
        say(f"A viewer is called '{what}', too: `vireo show {what} --viewer`.", to_stderr=True)
    return served.about_video(what)
