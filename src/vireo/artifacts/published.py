"""The pointer to the published artifacts, with publish and rollback."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vireo.artifacts.files import read_json, write_json
from vireo.errors import CorruptArtifact, InputError, NotBuilt

MAX_HISTORY = 20


class PublishedPointer:
    """`live.json`: the current set of artifact ids, and earlier sets."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def _read(self) -> dict[str, Any]:
        if not self._path.exists():
            return {"current": None, "earlier": []}
        state = read_json(self._path)
        if state is None or not _is_sound(state):
            raise CorruptArtifact(
                f"{self._path} is damaged, so the published artifacts are unknown.",
                "Delete it and run `vireo build`: nothing is built twice.",
            )
        return state

    def current(self) -> dict[str, str]:
        """Artifact id by stage; raises NotBuilt before the first build."""
        state = self._read()
        if not state["current"]:
            raise NotBuilt("Nothing is published here yet.", "Run `vireo build` first.")
        return dict(state["current"]["stages"])

    def all_published(self) -> list[dict[str, str]]:
        """Published artifact sets, the latest first; empty before any build."""
        state = self._read()
        every = [*([state["current"]] if state["current"] else []), *state["earlier"]]
        return [dict(one["stages"]) for one in every]

    def stamp(self) -> tuple[int, int]:
        """Modification time and inode of the pointer: changes with publish and rollback."""
        try:
            status = self._path.stat()
        except OSError:
            return 0, 0
        return status.st_mtime_ns, status.st_ino

    def publish(self, stages: Mapping[str, str]) -> bool:
        """Publish these artifacts; False if they are the current ones."""
        state = self._read()
        if state["current"] and state["current"]["stages"] == dict(stages):
            return False
        earlier = ([state["current"]] if state["current"] else []) + state["earlier"]
        current = {"stages": dict(stages), "published_at": int(time.time())}
        write_json(self._path, {"current": current, "earlier": earlier[:MAX_HISTORY]})
        return True

    def rollback(self) -> dict[str, str]:
        """Publish the set before the current one; raises InputError if there is none."""
        state = self._read()
        if not state["earlier"]:
            raise InputError("There is nothing to roll back to.", "`vireo build` makes new ones.")
        current, *rest = state["earlier"]
        write_json(self._path, {"current": current, "earlier": rest})
        return dict(current["stages"])

    def drop_history(self) -> None:
        """Remove the earlier sets, so that a rollback cannot restore erased data."""
        state = self._read()
        if state["current"]:
            write_json(self._path, {"current": state["current"], "earlier": []})


def _is_sound(state: dict[str, Any]) -> bool:
    current, earlier = state.get("current"), state.get("earlier")
    sets = [*([current] if current else []), *(earlier if isinstance(earlier, list) else [None])]
    return all(isinstance(e, dict) and isinstance(e.get("stages"), dict) for e in sets)
