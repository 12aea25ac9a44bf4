"""vireo similar: videos similar to one video."""

from __future__ import annotations

from typing import Annotated

import typer

from vireo.cli.options import HERE, JsonOption, ListLength, WorkspaceOption, opened
from vireo.cli.output import print_json, print_picks


def command(
    video: Annotated[str, typer.Argument(help="A video id.")],
    workspace: WorkspaceOption = HERE,
    user: Annotated[
        str | None, typer.Option(help="Only videos that this user may see [default: public ones].")
    ] = None,
    k: ListLength = None,
    as_json: JsonOption = False,
) -> None:
    """List videos similar to one video, cold items included."""
    work = opened(workspace)
    picks = work.similar(video, k, user_id=user)
    if as_json:
        print_json(picks.as_json())
        return
    print_picks(f"Similar to “{work.video(video)['metadata'].get('title') or video}”", picks)
