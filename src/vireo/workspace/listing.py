"""Listing: rows of videos, users, artefacts or rejects, for `vireo list` and pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vireo.artifacts import Artifacts, Live
from vireo.errors import InputError
from vireo.serving.online import Served
from vireo.workspace.registries import MENUS

Rows = list[dict[str, Any]]


def listing(
    what: str, served: Callable[[], Served], artifacts: Artifacts, rejects: Callable[[], Rows]
) -> Rows:
    """The rows of one list; raises InputError for a name that no list has."""
    lists: dict[str, Callable[[], Rows]] = {
        "videos": lambda: served().videos(),
        "users": lambda: [{"user_id": user} for user in served().users()],
        "rejects": rejects,
        "artifacts": lambda: [
            {"stage": m.stage, "id": m.id, "seconds": m.seconds} for m in artifacts.all()
        ],
    }
    if what not in lists:
        raise InputError(
            f"There is nothing called '{what}' to list.",
            f"Choose one of: {', '.join(lists)}; or a menu: {', '.join(MENUS)}.",
        )
    return lists[what]()


def stage_facts(stage: str, live: Live, artifacts: Artifacts) -> dict[str, Any]:
    """The report of the published artefact of a stage."""
    artifact_id = live.current()[stage]
    manifest = artifacts.find(stage, artifact_id)
    return {"stage": stage, "id": artifact_id, **(manifest.summary if manifest else {})}
