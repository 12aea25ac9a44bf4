"""vireo prefer: store, list and remove stated preferences."""

from __future__ import annotations

from typing import Annotated

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption, opened
from vireo.cli.output import print_json, say


def command(
    user: Annotated[str, typer.Argument(help="A user id.")],
    text: Annotated[str, typer.Argument(help='Like "less horror", "more slow films".')] = "",
    workspace: WorkspaceOption = HERE,
    video: Annotated[str, typer.Option(help='Video meant by "this" in "less of this".')] = "",
    remove: Annotated[int, typer.Option(help="Remove the preference with this number.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Store a stated preference; it changes the next list.

    "less horror", "more slow documentaries", "no Ann Example" (a creator, topic, category or tag
    is then excluded), "less of this" with --video. Without a text: list the preferences.
    """
    work = opened(workspace)
    if remove:
        work.remove_preference(user, remove)
    elif text:
        work.add_preference(user, text, video)
    preferences = work.preferences(user)
    if as_json:
        print_json([preference.__dict__ for preference in preferences])
        return
    for preference in preferences:
        about = f" ({preference.video_id})" if preference.video_id else ""
        say(f"{preference.number}. {preference.text}{about}")
    if not preferences:
        say(f"{user} has no stated preferences.")
