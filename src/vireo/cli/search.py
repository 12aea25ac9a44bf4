"""vireo search: videos by text."""

from __future__ import annotations

from typing import Annotated

import typer

from vireo.cli.options import HERE, JsonOption, ListLength, WorkspaceOption, opened
from vireo.cli.output import print_json, print_picks


def command(
    text: Annotated[str, typer.Argument(help="Words or a sentence, in plain language.")],
    workspace: WorkspaceOption = HERE,
    k: ListLength = None,
    as_json: JsonOption = False,
) -> None:
    """Search videos by text."""
    picks = opened(workspace).search(text, k)
    if as_json:
        print_json(picks.as_json())
        return
    print_picks(f"Results for “{text}”", picks)
