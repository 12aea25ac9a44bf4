"""From two tables to a built workspace in one call."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vireo.engine.progress import Progress
from vireo.errors import InputError
from vireo.workspace import CONFIG, Workspace

MARK = ".made-by-run"
"""Marker file of workspaces whose tables `vireo run` may replace."""


@dataclass(frozen=True)
class RunResult:
    """A built workspace, and the counts of accepted and rejected rows."""

    workspace: Workspace
    report: Mapping[str, Any]

    def users(self) -> tuple[str, ...]:
        """Ids of all users with events."""
        return tuple(self.workspace.resources.online.users())


def run_tables(
    videos: Path,
    events: Path,
    *,
    columns: Mapping[str, str] | None = None,
    workspace: Path | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Ingest both tables in place of earlier ones, build, return the workspace.

    Without `workspace` it lies in the user's cache, keyed by the paths of the tables, so that a
    second run reuses it.
    """
    home = workspace or _cache_for(videos, events)
    exists = (home / CONFIG).is_file()
    if exists and not (home / MARK).exists():
        raise InputError(
            f"{home} was not created by `vireo run`, which would replace its tables.",
            f"Use it with `vireo ingest -w {home}` and `vireo build -w {home}`, or name another.",
        )
    open_or_create = Workspace.open if exists else Workspace.create
    work = open_or_create(home, progress=progress)
    (home / MARK).touch()
    report = work.ingest(videos, events, columns=columns, replace=True)
    work.build()
    return RunResult(work, report)


def _cache_for(videos: Path, events: Path) -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    paths = f"{videos.resolve()}\n{events.resolve()}"
    name = hashlib.sha256(paths.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return base / "vireo" / "runs" / name
