"""Forgetting a viewer: silence at once, the files next, old artifacts with the next build."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from vireo.artifacts import ArtifactStore, PublishedPointer
from vireo.artifacts.files import read_json, write_json
from vireo.data.sources import Sources
from vireo.store.base import Store

PENDING = "forgetting.json"
PERSONAL_STAGES = ("data", "behavior", "pretraining", "interest", "recommend")
"""Stages that read events or comments, so that their artifacts may hold traces of viewers."""


@dataclass(frozen=True)
class Receipt:
    """Removed data, and data that the next build removes."""

    live_events: int
    source_rows: int
    artifacts_pending: int
    """Artifacts made from this viewer's rows among others; the next `vireo build` deletes them."""
    sources_pending: bool = False
    """A build holds the tables: their rows are removed as soon as it ends."""
    preferences: int = 0
    choices: int = 0
    """The taste sentence and the purposes agreed to or refused."""
    attributes: int = 0
    """User attributes: age, region, languages, groups."""
    keys: int = 0
    artifacts_removed: int = 0
    """With `--purge`: artifacts that were rebuilt and deleted."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        lines = [
            f"Removed {self.live_events} live events and {self.source_rows} rows of the tables,"
            f" {self.preferences} preferences, {self.choices} choices, {self.attributes} attributes"
            f" and {self.keys} keys.",
            "From now on no list is made from this viewer's behavior.",
        ]
        if self.artifacts_removed:
            lines.append(f"{self.artifacts_removed} artifacts were rebuilt and deleted.")
        if self.sources_pending:
            lines.append("A build is running: the rows of the tables go with the next one.")
        if self.artifacts_pending:
            lines.append(
                f"{self.artifacts_pending} artifacts were built from rows of all users, these"
                " included: `vireo build` makes them again and deletes the old ones, with all"
                " reports of evaluations."
            )
        return "\n".join(lines)

    def purged(self, removed: int) -> Receipt:
        """The receipt after a build that deleted `removed` artifacts."""
        return replace(self, artifacts_pending=0, sources_pending=False, artifacts_removed=removed)


@dataclass(frozen=True)
class Pending:
    """Pending work of erasures: numbers only, because the file must not
    name users. Generations count erasures (`Store.generation`)."""

    since: int
    """Artifacts made before the forgetting after this generation have to go."""
    swept: int
    """The tables are without all users erased up to this generation."""

    @classmethod
    def read(cls, workspace: Path) -> Pending | None:
        """None where nothing is to be done."""
        note = read_json(workspace / PENDING)
        # -1: a note of an earlier Vireo, which counted otherwise: everything is done again.
        return None if note is None else cls(note.get("since", -1), note.get("swept", -1))

    def write(self, workspace: Path) -> None:
        write_json(workspace / PENDING, asdict(self))


def forget(
    user_id: str, store: Store, sources: Sources | None, artifacts: ArtifactStore, workspace: Path
) -> Receipt:
    """Remove the viewer from the database and the ingested tables; mark artifacts as stale.

    `sources` is None while a build holds them: `sweep` removes the rows later.

    The order makes a kill safe: first a note of the pending erasure, then the database in one
    transaction, then the tables. After a kill, `sweep` and the next build do the rest.
    """
    held = _held(user_id, store)
    made = sum(len(artifacts.all(stage)) for stage in PERSONAL_STAGES)
    before = store.generation()
    note = Pending.read(workspace) or Pending(before, before)
    note = replace(note, since=min(note.since, before))
    note.write(workspace)
    live_events = store.forget(user_id)
    note.write(workspace)  # a build that ended just now took the note for its own
    source_rows = sweep(store, sources, workspace) if sources is not None else 0
    return Receipt(live_events, source_rows, made, sources is None, **held)


def _held(user_id: str, store: Store) -> dict[str, int]:
    """How much of each kind the database keeps of a viewer, beside events."""
    standing = store.user_state(user_id)
    said = standing.choices.get("consent", {})
    attributes = asdict(standing.attributes)
    return {
        "preferences": len(standing.preferences),
        "choices": len(said) + len(standing.choices.keys() - {"consent"}),
        "attributes": sum(bool(value) for name, value in attributes.items() if name != "user_id"),
        "keys": sum(key.user_id == user_id for key in store.all_keys()),
    }


def made_before(artifacts: ArtifactStore) -> set[Path]:
    """The directories of everything that was made from what viewers did."""
    return {made.directory for stage in PERSONAL_STAGES for made in artifacts.all(stage)}


def waits(store: Store, workspace: Path) -> bool:
    """Whether `sweep` has something to do."""
    note = Pending.read(workspace)
    return note is not None and note.swept < store.generation()


def sweep(store: Store, sources: Sources, workspace: Path) -> int:
    """Remove the rows that a running build or a kill kept from being removed; how many.

    No other build may run.
    """
    generation, note = store.generation(), Pending.read(workspace)
    if note is None or note.swept >= generation:
        return 0
    removed = drop_forgotten(store, sources)
    replace(note, swept=generation).write(workspace)
    return removed


def drop_forgotten(store: Store, sources: Sources) -> int:
    """Remove the rows of all who are forgotten, also of tables that came afterwards; how many."""
    if not store.generation():
        return 0
    gone = sorted(store.forgotten_among(sources.named()))
    return sum(sources.forget(user) for user in gone)


def finish_forgetting(
    artifacts: ArtifactStore,
    live: PublishedPointer,
    current: Mapping[str, str],
    workspace: Path,
    store: Store,
) -> int:
    """After a new build is published: delete what was made before the forgetting. -> how many."""
    generation, note = store.generation(), Pending.read(workspace)
    if note is None or min(note.swept, _generation(artifacts, current)) < generation:
        return 0  # a user was erased after the build began: the next build finishes it
    if note.since >= generation:
        return 0  # no user was erased yet: a kill came first
    removed = 0
    for stage in PERSONAL_STAGES:
        home = artifacts.root / stage
        for directory in home.iterdir() if home.is_dir() else ():
            if directory.name != current.get(stage):
                shutil.rmtree(directory)
                removed += 1
    shutil.rmtree(workspace / "cache" / "pretraining", ignore_errors=True)
    shutil.rmtree(workspace / "reports", ignore_errors=True)
    live.drop_history()
    (workspace / PENDING).unlink()
    return removed


def _generation(artifacts: ArtifactStore, current: Mapping[str, str]) -> int:
    """How many forgettings the published tables know of."""
    manifest = artifacts.find("data", current.get("data", ""))
    return int(manifest.recipe["identity"]["live"]["generation"]) if manifest else 0
