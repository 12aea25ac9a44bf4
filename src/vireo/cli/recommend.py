"""vireo recommend: lists for viewers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from vireo.cli.options import HERE, JsonOption, LikeOption, ListLength, WorkspaceOption, opened
from vireo.cli.output import print_json, print_picks


def command(
    users: Annotated[list[str] | None, typer.Argument(help="User ids; none: a new viewer.")] = None,
    workspace: WorkspaceOption = HERE,
    k: ListLength = None,
    like: LikeOption = "",
    picked: Annotated[
        list[str] | None,
        typer.Option("--picked", help="A video that stands for the taste. Repeat it."),
    ] = None,
    page: Annotated[int, typer.Option(min=1, help="2 holds what page 1 did not.")] = 1,
    session: Annotated[str, typer.Option(help="Seeds what is left to chance.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Print a list per user with reasons.

    Unknown users get a list too; without a user it is the list of a new viewer.
    """
    work = opened(workspace)
    asked: list[str | None] = [*users] if users else [None]
    more: dict[str, Any] = {"page": page, "session": session, "picked": picked or ()}
    lists = [(user, work.recommend(user, k, like, **more)) for user in asked]
    if as_json:
        print_json(
            [{"user_id": u, "recommendations": p.as_json(), "notes": p.notes} for u, p in lists]
        )
        return
    for user, picks in lists:
        print_picks(f"For {user}" if user else "For a new viewer", picks)
