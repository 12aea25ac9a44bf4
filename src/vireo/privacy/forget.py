"""Forgetting a viewer: silence at once, the files next, old artefacts with the next build."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vireo.artifacts import Artifacts, Live
from vireo.artifacts.files import read_json, write_json
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
    sources_pending: bool = False
    """A build holds the tables: their rows are removed as soon as it ends."""
    wishes: int = 0
    choices: int = 0
    """The taste sentence and the purposes agreed to or refused."""
    told: int = 0
    """What was told of the viewer from outside: age, region, languages, groups."""
    keys: int = 0
    artifacts_removed: int = 0
    """With `--purge`: artefacts that were built anew and deleted."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        lines = [
            f"Removed {self.live_events} live events and {self.source_rows} rows of the tables,"
            f" {self.wishes} wishes, {self.choices} choices, {self.told} facts and"
            f" {self.keys} keys.",
            "From now on no list is made from this viewer's behaviour.",
        ]
        if self.artifacts_removed:
            lines.append(f"{self.artifacts_removed} artefacts were built anew and deleted.")
        if self.sources_pending:
            lines.append("A build is running: the rows of the tables go with the next one.")
        if self.artifacts_pending:
            lines.append(
                f"{self.artifacts_pending} artefacts were made from everybody's rows, these"
                " included: `vireo build` makes them again and deletes the old ones, with all"
                " reports of evaluations."
            )
        return "\n".join(lines)


def forget(
    user_id: str, store: Store, sources: Sources | None, artifacts: Artifacts, workspace: Path
) -> Receipt:
    """Remove the viewer from the database and the ingested tables; mark artefacts as stale.

    `sources` is None while a build holds them: `sweep` removes the rows later.
    """
    held = _held(user_id, store)
    live_events = store.forget(user_id)
    source_rows = sources.forget(user_id) if sources is not None else 0
    pending = sum(len(artifacts.all(stage)) for stage in PERSONAL_STAGES)
    if pending or sources is None:
        before = read_json(workspace / PENDING) or {}
        waiting = sources is None or bool(before.get("sources", False))
        # Numbers only: the file must not name the one who is to be forgotten.
        note = {"artifacts": pending, "generation": store.generation(), "sources": waiting}
        write_json(workspace / PENDING, note)
    return Receipt(live_events, source_rows, pending, sources is None, **held)


def _held(user_id: str, store: Store) -> dict[str, int]:
    """How much of each kind the database keeps of a viewer, beside events."""
    standing = store.standing(user_id)
    said = standing.choices.get("consent", {})
    told = asdict(standing.viewer)
    return {
        "wishes": len(standing.edits),
        "choices": len(said) + len(standing.choices.keys() - {"consent"}),
        "told": sum(bool(value) for name, value in told.items() if name != "user_id"),
        "keys": sum(key.user_id == user_id for key in store.all_keys()),
    }


def made_before(artifacts: Artifacts) -> set[Path]:
    """The directories of everything that was made from what viewers did."""
    return {made.directory for stage in PERSONAL_STAGES for made in artifacts.all(stage)}


def waits(workspace: Path) -> bool:
    """Whether `sweep` has something to do."""
    return bool((read_json(workspace / PENDING) or {}).get("sources"))


def sweep(store: Store, sources: Sources, workspace: Path) -> None:
    """Remove what a running build kept `forget` from removing; nobody else may be building."""
    note = read_json(workspace / PENDING) or {}
    if not note.get("sources"):
        return
    users: set[str] = set()
    for source in sources.all():
        for table in ("events", "comments"):
            users.update(source.frame(table)["user_id"].drop_nulls().unique().to_list())
    for user in sorted(store.forgotten_among(users)):
        sources.forget(user)
    write_json(workspace / PENDING, {**note, "sources": False})


def finish_forgetting(
    artifacts: Artifacts, live: Live, current: Mapping[str, str], workspace: Path
) -> int:
    """After a new build is published: delete what was made before the forgetting. -> how many."""
    note = read_json(workspace / PENDING)
    if note is None or _generation(artifacts, current) < note.get("generation", 0):
        return 0  # the build began before the last forgetting
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


def _generation(artifacts: Artifacts, current: Mapping[str, str]) -> int:
    """How many forgettings the published tables know of."""
    manifest = artifacts.find("data", current.get("data", ""))
    return int(manifest.recipe["identity"]["live"]["generation"]) if manifest else 0
