"""vireo push: copy the published build to a URL."""

from __future__ import annotations

from dataclasses import asdict

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption, opened
from vireo.cli.output import print_json, say

EXAMPLES = (
    "vireo push s3://bucket/vireo (needs s3fs), then on each serving machine: "
    "vireo pull s3://bucket/vireo"
)


def command(
    url: str = typer.Argument(help="A directory, or any URL that fsspec writes."),
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Copy the published build to a URL; artifacts of older builds there are deleted."""
    done = opened(workspace).push(url)
    if as_json:
        print_json(asdict(done))
        return
    say(
        f"{url} holds the published build: {done.copied} artifacts copied "
        f"({done.bytes / 1e6:,.1f} MB), "
        f"{done.already_there} present, {done.removed} removed."
    )
