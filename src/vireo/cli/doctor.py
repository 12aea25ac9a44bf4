"""vireo doctor: check machine, libraries and workspace."""

from __future__ import annotations

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption
from vireo.cli.output import print_json, table
from vireo.doctor import examine


def command(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Check this machine and a workspace.

    Libraries, decoders, the embedded language model, disk; vireo.toml, and every artifact's hash.
    """
    findings = examine(workspace)
    if as_json:
        print_json([finding.__dict__ for finding in findings])
    else:
        rows = ((f.state, f.what, f.detail) for f in findings)
        table("vireo doctor", ("state", "what", "detail"), rows)
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(1)
