"""Forgetting a viewer: silence at once, the files next, old artefacts with the next build."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vireo.artifacts import Artifacts, Live
from vireo.artifacts.files import write_json
from vireo.data.sources import Sources
from vireo.store.base import Store

PENDING = "forgetting.json"
PERSONAL_STAGES = ("data", "behavior", "pretraining", "interest", "recommend")
"""Stages that read events or comments, so that their artefacts may hold traces of viewers."""


@dataclass(frozen=True)
class Receipt:
    """What was removed, and what the next build will remove."""

    live_events: int
    source_rows: int
    artifacts_pending: int
    """Artefacts made from this viewer's rows among others; the next `vireo build` deletes them."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        lines = [
            f"Removed {self.live_events} live events and {self.source_rows} rows of the tables.",
            "From now on no list is made from this viewer's behaviour.",
        ]
        if self.artifacts_pending:
            lines.append(
                f"{self.artifacts_pending} artefacts were made from everybody's rows, these"
                " included: `vireo build` makes them again and deletes the old ones, with all"
                " reports of evaluations."
            )
        return "\n".join(lines)


def forget(
    user_id: str, store: Store, sources: Sources, artifacts: Artifacts, workspace: Path
) -> Receipt:
    """Remove the viewer from the database and the ingested tables; mark artefacts as stale."""
    live_events = store.forget(user_id)
    source_rows = sources.forget(user_id)
    pending = sum(len(artifacts.all(stage)) for stage in PERSONAL_STAGES)
    if pending:
        # Counts only: the file must not name the one who is to be forgotten.
        write_json(workspace / PENDING, {"artifacts": pending})
    return Receipt(live_events, source_rows, pending)


def finish_forgetting(
    artifacts: Artifacts, live: Live, current: Mapping[str, str], workspace: Path
) -> int:
    """After a new build is published: delete what was made before the forgetting. -> how many."""
    if not (workspace / PENDING).exists():
        return 0
    removed = 0
    for stage in PERSONAL_STAGES:
        home = artifacts.root / stage
        for directory in home.iterdir() if home.is_dir() else ():
            if directory.name != current.get(stage):
                shutil.rmtree(directory)
                removed += 1
    shutil.rmtree(workspace / "cache" / "pretraining", ignore_errors=True)
    shutil.rmtree(workspace / "reports", ignore_errors=True)
    live.forget_earlier()
    (workspace / PENDING).unlink()
    return removed
