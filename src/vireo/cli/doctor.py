"""vireo doctor: is this machine and this workspace in order?"""

from __future__ import annotations

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption
from vireo.cli.output import print_json, table
from vireo.doctor import examine


def command(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Check libraries, the embedded language model, codecs, memory, disk, and every artefact."""
    findings = examine(workspace)
    if as_json:
        print_json([finding.__dict__ for finding in findings])
    else:
        rows = ((f.state, f.what, f.detail) for f in findings)
        table("vireo doctor", ("state", "what", "detail"), rows)
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(1)
