"""vireo prefer: what a viewer wants more or less of, in their own words."""

from __future__ import annotations

from typing import Annotated

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption, opened
from vireo.cli.output import print_json, say


def command(
    user: Annotated[str, typer.Argument(help="A user id.")],
    text: Annotated[str, typer.Argument(help='Like "less horror", "more slow films".')] = "",
    workspace: WorkspaceOption = HERE,
    video: Annotated[str, typer.Option(help='What "this" is in "less of this".')] = "",
    remove: Annotated[int, typer.Option(help="Remove the preference with this number.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Keep a viewer's wish: it counts in the next list, and after every build.

    "less horror", "more slow documentaries", "no Ann Example" (a creator, topic, category or tag
    is then never shown), "less of this" with --video. Without words: what was asked for so far.
    """
    work = opened(workspace)
    if remove:
        work.remove_preference(user, remove)
    elif text:
        work.add_preference(user, text, video)
    wishes = work.preferences(user)
    if as_json:
        print_json([wish.__dict__ for wish in wishes])
        return
    for wish in wishes:
        about = f" ({wish.video_id})" if wish.video_id else ""
        say(f"{wish.number}. {wish.text}{about}")
    if not wishes:
        say(f"{user} has asked for nothing.")
