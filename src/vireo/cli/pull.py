"""vireo pull: serve what another machine pushed."""

from __future__ import annotations

from dataclasses import asdict

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption, opened
from vireo.cli.output import print_json, say

EXAMPLES = "vireo new . && vireo pull s3://bucket/vireo && vireo serve"


def command(
    url: str = typer.Argument(help="Where `vireo push` copied it to."),
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Fetch what was pushed, check every byte and serve it; a running service takes it up."""
    done = opened(workspace).pull(url)
    if as_json:
        print_json(asdict(done))
        return
    say(
        f"Serving what {url} holds: {done.copied} artefacts fetched ({done.bytes / 1e6:,.1f} MB), "
        f"{done.already_there} were here. `vireo rollback` goes back."
    )
