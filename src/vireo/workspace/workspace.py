"""Workspace: the object that users hold. Every method is one call into a room."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from vireo.artifacts import Artifacts, Live
from vireo.config import Config, as_toml
from vireo.data.base import Split, Tables
from vireo.data.sources import Sources
from vireo.engine import ENGINES, Context, Progress, Quiet
from vireo.errors import Busy, InputError
from vireo.evaluation.build_and_evaluate import evaluate_plan
from vireo.evaluation.compare import compare
from vireo.evaluation.leakage import LeakCheck, check_leaks
from vireo.evaluation.plan import plan_of
from vireo.evaluation.report import Comparison, Report
from vireo.pipeline import Ground, Result, run
from vireo.privacy.forget import drop_forgotten, finish_forgetting, sweep
from vireo.privacy.pseudonymous_store import open_kept
from vireo.recommend.explain.explanation import Explanation
from vireo.recommend.recommender import Picks
from vireo.serving.online import Served
from vireo.serving.snapshot import Published
from vireo.serving.unlearning import without_viewers
from vireo.store.base import LiveEvent, Store
from vireo.workspace.fast_build import without_slow
from vireo.workspace.listing import listing, stage_facts
from vireo.workspace.publishing import Moving

CONFIG = "vireo.toml"


class Workspace(Moving):
    """One catalogue, its viewers and everything made from them, in one directory."""

    def __init__(self, path: Path, config: Config, progress: Progress | None = None) -> None:
        self.path = path
        self.config = config
        self._progress = progress or Quiet()
        self.artifacts = Artifacts(path / "artifacts")
        self.sources = Sources(path / "sources")
        self.live = Live(path / "live.json")

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        *,
        config: Config | None = None,
        progress: Progress | None = None,
    ) -> Workspace:
        """Make a new workspace; raises InputError where one is already."""
        root = Path(path)
        if (root / CONFIG).exists():
            raise InputError(f"{root} is a workspace already.", f"Use it: `vireo build -w {root}`.")
        if root.exists() and not root.is_dir():
            raise InputError(f"{root} is a file.", "Name a directory that does not exist yet.")
        if not str(path):
            raise InputError("The workspace has no name.", "Name a directory: `vireo new DIR`.")
        root.mkdir(parents=True, exist_ok=True)
        (root / CONFIG).write_text(as_toml(config), encoding="utf-8")
        return cls(root.resolve(), config or Config(), progress)

    @classmethod
    def open(
        cls, path: str | os.PathLike[str] = ".", *, progress: Progress | None = None
    ) -> Workspace:
        """Open an existing workspace; raises InputError where there is none."""
        root = Path(path)
        if not (root / CONFIG).is_file():
            raise InputError(
                f"There is no workspace in {root.resolve()}.",
                "Make one: `vireo new DIR`, or name it: `-w DIR`.",
            )
        return cls(root.resolve(), Config.load(root / CONFIG), progress)

    @cached_property
    def store(self) -> Store:
        """The database of live events."""
        empty = not self.sources.any_there()
        return open_kept(self.config.store, self.config.privacy, self.path, empty)

    @cached_property
    def _context(self) -> Context:
        cache = self.path / "cache"
        cache.mkdir(exist_ok=True)
        engine = ENGINES.get(self.config.engine.name)(self.config.engine)
        return Context(engine, cache, self._progress, self.config.seed)

    def _ground(self, split: Split) -> Ground:
        return Ground(self.config, self._context, self.artifacts, self.sources, self.store, split)

    def _data(self) -> Result:
        """The data stage of everything that was ingested so far, built if it was not yet."""
        (result,) = run(self._ground(Split()), until="data")
        return result

    def _look_again(self) -> None:
        """What is served has changed: load it anew when it is next asked for."""
        self.__dict__.pop("served", None)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer at a time."""
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise Busy(
                f"Another command is building in {self.path}.", "Wait for it, then try again."
            ) from None
        try:
            yield
        finally:
            lock.release()

    def ingest(
        self,
        videos: str | os.PathLike[str] | None = None,
        events: str | os.PathLike[str] | None = None,
        *,
        users: str | os.PathLike[str] | None = None,
        format: str = "table",
        columns: Mapping[str, str] | None = None,
        replace: bool = False,
    ) -> dict[str, Any]:
        """Read and check tables, keep what is usable; return the accounting of every row.

        `columns` maps their column names to ours; `replace` drops what was ingested before.
        `users` is a table of what is told of viewers (age, region, languages, groups): it counts
        in the next list, and takes the place of what was told of the same viewers before.
        """
        if videos is None and events is None and users is None:
            raise InputError("There is nothing to ingest.", "Give --videos, --events or --users.")
        told = {} if users is None else {"viewers": self.tell(Path(users))}
        if videos is None and events is None:
            return told
        with self._alone():
            self.sources.add(
                Path(videos) if videos is not None else None,
                Path(events) if events is not None else None,
                format=format,
                columns=columns or {},
                section=self.config.data,
                replace=replace,
                progress=self._progress,
                naming=self.naming,
            )
            drop_forgotten(self.store, self.sources)
            data = self._data()
        return {**data.summary, **told}

    def record(self, events: Sequence[LiveEvent]) -> int:
        """Take live events; they count in the next list at once. Returns how many were new."""
        return self.store.append(events)

    def build(
        self,
        until: str | None = None,
        *,
        fast: bool = False,
        on_result: Callable[[Result], None] | None = None,
    ) -> list[Result]:
        """Build what is not built yet, and publish a complete build.

        `fast` leaves out the experts that take long to train: lists soon, better ones by the next
        build without it.
        """
        if not self.sources.all() and not self.store.video_position():
            raise InputError(
                f"Nothing was ingested into {self.path} yet.",
                "Type `vireo ingest --videos TABLE --events TABLE`.",
            )
        with self._alone():
            sweep(self.store, self.sources, self.path)
            results = []
            ground = self._ground(Split())
            if fast:
                ground = replace(ground, config=without_slow(ground.config))
            for result in run(ground, until):
                results.append(result)
                if on_result:
                    on_result(result)
            if until is None:
                self._publish({result.stage: result.id for result in results})
        return results

    def _publish(self, stages: Mapping[str, str]) -> None:
        self.live.publish(stages)
        finish_forgetting(self.artifacts, self.live, stages, self.path, self.store)
        self._look_again()

    @cached_property
    def served(self) -> Served:
        """Answers from what is published now; raises NotBuilt before the first build."""
        base = self.published()
        gone = self.store.forgotten_among(base.histories.user_ids)
        left = without_viewers(base, gone, self.config.interest.recent_days)
        return Served(left, self.config, self.store)

    def published(self, stages: Mapping[str, str] | None = None) -> Published:
        """What is published now, or another set of artefacts; raises NotBuilt without any."""
        manifests = {}
        for stage, artifact_id in (stages or self.live.current()).items():
            manifest = self.artifacts.find(stage, artifact_id)
            if manifest is None:
                raise InputError(
                    f"The published artefact {stage}/{artifact_id} is missing or damaged.",
                    "`vireo build` makes it again.",
                )
            manifests[stage] = manifest
        return Published(manifests, self.config, self._context)

    def similar(self, video_id: str, k: int | None = None, *, user_id: str | None = None) -> Picks:
        """Videos like this one that this viewer (or anybody) may see; also for an unwatched one."""
        return self.served.similar(video_id, self._length(k), user_id)

    def search(self, sentence: str, k: int | None = None) -> Picks:
        """Videos near a sentence, for nobody in particular."""
        return self.served.search(sentence, self._length(k))

    def _length(self, k: int | None) -> int:
        return self.config.recommend.k if k is None else k

    def explain(self, user_id: str, video_id: str) -> Explanation:
        """What speaks for and against a video for one viewer."""
        return self.served.explain(user_id, video_id)

    def evaluate(
        self,
        cutoff: str | int | Sequence[str | int] | None = None,
        *,
        protocol: str = "time",
        k: int | Sequence[int] = 10,
        systems: Sequence[str] | None = None,
        save_split: str | os.PathLike[str] | None = None,
        **options: Any,
    ) -> Report:
        """Build the same road with an earlier clock and rank what came after.

        `protocol`: `time` (events from `cutoff` on are held out; default: the last fifth of the
        time; several cutoffs, or `rolling=3`, are averaged), `leave-one-out`, `cold-items`
        (`share`, `variant="chronological"`), `cold-users` (`share`) or `random` (`share`).
        `settings` changes dotted keys of the config. `save_split` keeps the split as a file.
        """
        plan = plan_of(cutoff, protocol, k, systems, **options)
        with self._alone():
            return evaluate_plan(
                self._ground(Split()), plan, Path(save_split) if save_split else None
            )

    def check_leaks(
        self,
        cutoff: str | int | Sequence[str | int] | None = None,
        *,
        protocol: str = "time",
        systems: Sequence[str] | None = None,
        **options: Any,
    ) -> LeakCheck:
        """Build everything again with another future; raises StageFailed if anything changes."""
        plan = plan_of(cutoff, protocol, 10, systems, **options)
        with self._alone():
            return check_leaks(self._ground(Split()), plan)

    def compare(self, one: str, other: str, metrics: Sequence[str] = ()) -> list[Comparison]:
        """Saved reports, `REPORT:system`, or two systems of the newest report, with intervals."""
        return compare(one, other, reports=self.path / "reports", metrics=metrics)

    def save_report(self, report: Report) -> Path:
        """Write a report with its plots under `reports/`; return the folder."""
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{report.protocol['split']['protocol']}"
        folder = self.path / "reports" / name
        folder.mkdir(parents=True, exist_ok=True)
        report.save(folder)
        return folder

    def about_stage(self, stage: str) -> dict[str, Any]:
        """The report of the published artefact of a stage."""
        return stage_facts(stage, self.live, self.artifacts)

    def listing(self, what: str) -> list[dict[str, Any]]:
        """Rows of `videos`, `users`, `artifacts` or `rejects`."""
        return listing(what, lambda: self.served, self.artifacts, self._rejects)

    def _rejects(self) -> list[dict[str, Any]]:
        """The refused rows of everything that was ingested, built or not."""
        with self._alone():
            data = self._data()
        tables = Tables.load(data.manifest.directory, ("rejects",))
        return tables.rejects.to_dicts()

    def close(self) -> None:
        """Let go of the database."""
        if "store" in self.__dict__:
            self.store.close()
