"""vireo pull: fetch and serve a build from a URL."""

from __future__ import annotations

from dataclasses import asdict

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption, opened
from vireo.cli.output import print_json, say

EXAMPLES = "vireo new . && vireo pull s3://bucket/vireo && vireo serve"


def command(
    url: str = typer.Argument(help="URL given to `vireo push`."),
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Fetch a pushed build, verify its hashes and serve it."""
    done = opened(workspace).pull(url)
    if as_json:
        print_json(asdict(done))
        return
    say(
        f"Serving the build at {url}: {done.copied} artifacts fetched "
        f"({done.bytes / 1e6:,.1f} MB), "
        f"{done.already_there} present. `vireo rollback` restores the build before."
    )
