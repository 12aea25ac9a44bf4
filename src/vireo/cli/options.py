"""Options shared by several verbs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vireo.engine.progress_bar import progress_for_stderr
from vireo.errors import InputError
from vireo.workspace import Workspace

WorkspaceOption = Annotated[
    Path, typer.Option("-w", "--workspace", help="The workspace (default: this directory).")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on standard output.")
]
ListLength = Annotated[
    int | None,
    typer.Option("--k", "-k", min=1, help="Length of the list [default: recommend.k, or 10]."),
]
QueryOption = Annotated[
    str, typer.Option("--query", help="Free text that the list should match.", metavar="TEXT")
]
ColumnsOption = Annotated[
    list[str] | None,
    typer.Option("--columns", help="Map a column: theirs=ours. Repeat it.", metavar="A=B"),
]
HERE = Path()


def opened(path: Path) -> Workspace:
    """Open a workspace, with progress on standard error."""
    return Workspace.open(path, progress=progress_for_stderr())


def column_map(pairs: list[str] | None) -> dict[str, str]:
    """`["a=b", "c=d"]` -> `{"a": "b", "c": "d"}`."""
    columns = {}
    for pair in (part for text in pairs or [] for part in text.split(",")):
        theirs, equals, ours = pair.partition("=")
        if not equals or not theirs.strip() or not ours.strip():
            raise InputError(
                f"'--columns {pair}' does not map anything.",
                "Write it like `--columns their_name=video_id`.",
            )
        columns[theirs.strip()] = ours.strip()
    return columns


def settings_map(pairs: list[str] | None) -> dict[str, str]:
    """`["interest.ease.regularization=300"]` -> dotted key and value."""
    settings = {}
    for pair in pairs or []:
        key, equals, value = pair.partition("=")
        if not equals or "." not in key.strip():
            raise InputError(
                f"'--set {pair}' does not set anything.",
                "Write it like `--set interest.ease.regularization=300`.",
            )
        settings[key.strip()] = value.strip()
    return settings
