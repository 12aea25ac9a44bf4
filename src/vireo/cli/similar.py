"""vireo similar: videos like one video, or like a sentence."""

from __future__ import annotations

from typing import Annotated

import typer

from vireo.cli.options import HERE, JsonOption, ListLength, WorkspaceOption, opened
from vireo.cli.output import print_json, print_picks
from vireo.errors import InputError


def command(
    video: Annotated[str | None, typer.Argument(help="A video id.")] = None,
    text: Annotated[str, typer.Option(help="A sentence instead of a video.")] = "",
    workspace: WorkspaceOption = HERE,
    user: Annotated[
        str | None, typer.Option(help="For whom: only what this viewer may see.")
    ] = None,
    k: ListLength = None,
    as_json: JsonOption = False,
) -> None:
    """Print videos like this one. It works for a video that nobody has watched.

    Without --user, only what everybody may see: where videos are closed, name a viewer.
    """
    work = opened(workspace)
    if (video is None) == (not text.strip()):
        raise InputError(
            "Name a video, or give a sentence, and not both.",
            "`vireo similar VIDEO_ID`, or `vireo similar --text 'a dog in the snow'`.",
        )
    if video is None:
        picks, title = work.search(text, k), f"Near “{text}”"
    else:
        picks = work.similar(video, k, user_id=user)
        catalogue = work.resources.online.catalogue
        title = f"Like “{catalogue.titles[catalogue.row(video)]}”"
    if as_json:
        print_json(picks.as_json())
        return
    print_picks(title, picks)
