"""vireo recommend: lists of one, several or all users."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vireo.cli.options import HERE, JsonOption, ListLength, QueryOption, WorkspaceOption, opened
from vireo.cli.output import print_json, print_picks, say
from vireo.errors import InputError
from vireo.workspace import Workspace
from vireo.workspace.workspace import SHARD_SIZE


def command(
    users: Annotated[
        list[str] | None, typer.Argument(help="User ids; none: a cold-start user.")
    ] = None,
    workspace: WorkspaceOption = HERE,
    k: ListLength = None,
    query: QueryOption = "",
    seeds: Annotated[
        list[str] | None,
        typer.Option("--seed-video", help="A video counted as just watched. Repeat it."),
    ] = None,
    page: Annotated[int, typer.Option(min=1, help="Page of the list, from 1.")] = 1,
    session: Annotated[str, typer.Option(help="Session id; seeds exploration.")] = "",
    everyone: Annotated[bool, typer.Option("--all", help="Lists of all users, to --out.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="With --all: the Parquet file.", metavar="FILE")
    ] = None,
    full: Annotated[
        bool, typer.Option("--with-reasons", help="With --all: lists with reasons; slower.")
    ] = False,
    shard: Annotated[
        int, typer.Option("--shard-size", min=1, help="With --all: users per shard.")
    ] = SHARD_SIZE,
    as_json: JsonOption = False,
) -> None:
    """Print lists with reasons, or write the lists of all users.

    An unknown user, or no user, gets a cold-start list. With --all, run the same command again
    after a kill: finished shards are kept.
    """
    work = opened(workspace)
    if everyone:
        _all(work, users, out, k, full, shard, as_json)
        return
    if out is not None or full:
        raise InputError(
            "--out and --with-reasons go with --all.", "Type `vireo recommend --all --out F`."
        )
    requested: list[str | None] = [*users] if users else [None]
    more: dict[str, Any] = {"page": page, "session": session, "seeds": seeds or ()}
    lists = [(user, work.recommend(user, k, query, **more)) for user in requested]
    if as_json:
        print_json(
            [{"user_id": u, "recommendations": p.as_json(), "notes": p.notes} for u, p in lists]
        )
        return
    for user, picks in lists:
        print_picks(f"For {user}" if user else "For a cold-start user", picks)


def _all(
    work: Workspace,
    users: list[str] | None,
    out: Path | None,
    k: int | None,
    full: bool,
    shard: int,
    as_json: bool,
) -> None:
    if users or out is None:
        raise InputError(
            "--all writes the lists of all users to a file.",
            "Type `vireo recommend --all --out lists.parquet`, without users.",
        )
    report = work.recommend_all(out, k, with_reasons=full, shard_size=shard)
    if as_json:
        print_json(report)
        return
    from vireo.batch.lists import summary_lines

    for line in summary_lines(report):
        say(line)
