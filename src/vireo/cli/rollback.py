"""vireo rollback: serve the previous build."""

from __future__ import annotations

from vireo.cli.options import HERE, JsonOption, WorkspaceOption, opened
from vireo.cli.output import print_json, say


def command(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Serve the previous build."""
    stages = opened(workspace).rollback()
    if as_json:
        print_json(stages)
        return
    say("Serving the previous build. `vireo build` publishes the newest again.")
