"""Building, publishing and loading builds of a workspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vireo.errors import InputError
from vireo.pipeline import Result, run
from vireo.privacy.forget import drop_forgotten, finish_forgetting, sweep
from vireo.workspace.fast_build import without_slow_experts
from vireo.workspace.privacy import pseudonymized
from vireo.workspace.resources import Resources


def ingest_tables(
    resources: Resources,
    videos: Path | None,
    events: Path | None,
    *,
    format: str,
    columns: Mapping[str, str],
    replace: bool,
) -> dict[str, Any]:
    """Read and validate tables into the sources; return the counts of all rows."""
    with resources.locked():
        resources.sources.add(
            videos,
            events,
            format=format,
            columns=columns,
            section=resources.config.data,
            replace=replace,
            progress=resources.progress,
            naming=lambda frames: pseudonymized(resources, frames),
        )
        drop_forgotten(resources.store, resources.sources)
        return dict(resources.data().summary)


def build_stages(
    resources: Resources,
    until: str | None,
    *,
    fast: bool,
    on_result: Callable[[Result], None] | None,
) -> list[Result]:
    """Build missing stages and publish a complete build; raises InputError without sources."""
    if not resources.sources.all() and not resources.store.video_position():
        raise InputError(
            f"Nothing was ingested into {resources.path} yet.",
            "Type `vireo ingest --videos TABLE --events TABLE`.",
        )
    with resources.locked():
        sweep(resources.store, resources.sources, resources.path)
        build = resources.build_context()
        if fast:
            build = replace(build, config=without_slow_experts(build.config))
        results = []
        for result in run(build, until):
            results.append(result)
            if on_result:
                on_result(result)
        if until is None:
            _publish(resources, {result.stage: result.id for result in results})
    return results


def _publish(resources: Resources, stages: Mapping[str, str]) -> None:
    resources.published.publish(stages)
    parts = (resources.artifacts, resources.published)
    finish_forgetting(*parts, stages, resources.path, resources.store)
