"""vireo new: create a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vireo.cli.options import JsonOption
from vireo.cli.output import print_json, say
from vireo.config.presets import PRESETS, preset_config
from vireo.workspace import Workspace


def command(
    directory: Annotated[Path, typer.Argument(help="Directory; created if missing.")],
    preset: Annotated[
        str, typer.Option(help=f"Settings for a kind of platform: {', '.join(PRESETS)}.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Create a workspace with a commented vireo.toml."""
    workspace = Workspace.create(directory, config=preset_config(preset) if preset else None)
    if as_json:
        print_json({"workspace": str(workspace.path)})
        return
    say(f"Created the workspace {workspace.path}; its vireo.toml explains every setting.")
    say(f"Next: vireo ingest -w {directory} --videos VIDEOS.csv --events EVENTS.csv")
