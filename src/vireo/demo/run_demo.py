"""Run of the demo: generate files, build all stages, collect lists, a record and figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vireo.config import Config
from vireo.demo.world import World, make_world
from vireo.engine import ENGINES, EngineSection, Progress
from vireo.evaluation.report import Report
from vireo.pipeline import Result
from vireo.recommend.recommender import Picks
from vireo.workspace import CONFIG, Workspace

K = 5
SETTINGS = {"pretraining": {"objective": "contrastive"}}
"""The demo trains the language model; elsewhere vireo.toml must enable it."""


@dataclass(frozen=True)
class DemoResult:
    """Results of the demo."""

    world: World
    workspace: Workspace
    accounting: dict[str, Any]
    lists: dict[str, Picks]
    video: dict[str, Any]
    """Record of one video that has dialogue."""
    report: Report

    def as_json(self) -> dict[str, Any]:
        lists = [{"user_id": u, "recommendations": p.as_json()} for u, p in self.lists.items()]
        return {
            "workspace": str(self.workspace.path),
            "accounting": self.accounting,
            "lists": lists,
            "video": self.video,
            "evaluation": self.report.as_json(),
        }


def run_demo(
    directory: Path,
    progress: Progress,
    seed: int = 0,
    on_result: Callable[[Result], None] | None = None,
) -> DemoResult:
    """Generate the files in `directory/world`, build all stages, collect the results.

    Everything that is finished already is reused.
    """
    engine = ENGINES.get("processes")(EngineSection())
    world = make_world(directory / "world", seed, progress=progress, engine=engine)
    if (directory / CONFIG).is_file():
        work = Workspace.open(directory, progress=progress)
    else:
        config = Config.of({**SETTINGS, "seed": seed})
        work = Workspace.create(directory, config=config, progress=progress)
    accounting = work.ingest(world.videos, world.events, replace=True)
    work.build(on_result=on_result)
    lists = {user: work.recommend(user, K) for user in world.three_users}
    report = work.evaluate()
    work.save_report(report)
    return DemoResult(world, work, accounting, lists, _talkative(work), report)


def _talkative(work: Workspace) -> dict[str, Any]:
    """Record of the video with the most dialogue."""
    dialogue = work.resources.online.snapshot.video.dialogue
    if not dialogue.height:
        return work.resources.online.about_video(work.resources.online.catalogue.ids[0])
    counts = (
        dialogue.group_by("video_id", maintain_order=True).len().sort("len", maintain_order=True)
    )
    return work.resources.online.about_video(counts["video_id"][-1])
