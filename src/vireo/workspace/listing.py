"""Rows for `vireo list` and facts for `vireo show`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vireo.data.base import Tables
from vireo.errors import InputError
from vireo.pipeline import STAGES
from vireo.workspace.resources import Resources

Rows = list[dict[str, Any]]


def rows(what: str, resources: Resources) -> Rows:
    """Rows of `videos`, `users`, `rejects` or `artifacts`; raises InputError for other names."""
    lists: dict[str, Callable[[], Rows]] = {
        "videos": lambda: resources.online.videos(),
        "users": lambda: [{"user_id": user} for user in resources.online.users()],
        "rejects": lambda: _rejects(resources),
        "artifacts": lambda: [
            {"stage": m.stage, "id": m.id, "seconds": m.seconds} for m in resources.artifacts.all()
        ],
    }
    if what not in lists:
        from vireo.workspace.registries import REGISTRIES

        raise InputError(
            f"There is nothing called '{what}' to list.",
            f"Choose one of: {', '.join(lists)}; or a registry: {', '.join(REGISTRIES)}.",
        )
    return lists[what]()


def facts(what: str, resources: Resources) -> tuple[dict[str, Any], bool]:
    """Facts about a stage, else a video, else a user; True if a user has a video's id."""
    if what in STAGES:
        return stage_report(what, resources), False
    online = resources.online
    if what not in online.catalogue.ids:
        return online.about_user(what), False
    return online.about_video(what), bool(len(online.queries.history(what)))


def stage_report(stage: str, resources: Resources) -> dict[str, Any]:
    """The report of the published artifact of a stage."""
    artifact_id = resources.published.current()[stage]
    manifest = resources.artifacts.find(stage, artifact_id)
    return {"stage": stage, "id": artifact_id, **(manifest.summary if manifest else {})}


def _rejects(resources: Resources) -> Rows:
    """The rejected rows of all ingested tables, built or not."""
    with resources.locked():
        data = resources.data()
    return Tables.load(data.manifest.directory, ("rejects",)).rejects.to_dicts()
