"""Workspace: one catalogue with its users, settings and builds in one directory."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vireo.artifacts.remote import RemoteStore, TransferReport
from vireo.config import Config, as_toml
from vireo.engine import Progress
from vireo.errors import InputError
from vireo.pipeline import Result
from vireo.privacy.export import export
from vireo.privacy.forget import Receipt, made_before
from vireo.recommend.explain.explanation import Explanation
from vireo.recommend.profile.summary import Profile
from vireo.recommend.recommender import Picks
from vireo.serving.request import RequestOptions, now_ms
from vireo.store.base import LiveEvent, Preference, UserAttributes
from vireo.workspace.listing import facts, rows, stage_report
from vireo.workspace.privacy import erase_user
from vireo.workspace.publishing import build_stages, ingest_tables
from vireo.workspace.resources import CONFIG, Resources, new_directory
from vireo.workspace.users import add_preference, remove_preference, set_users

if TYPE_CHECKING:
    from vireo.evaluation.leakage import LeakCheck
    from vireo.evaluation.report import Comparison, Report

SHARD_SIZE = 10_000
"""Users whose lists `recommend_all` makes and stores together."""


class Workspace:
    """One catalogue with its users, settings and builds in one directory."""

    def __init__(self, path: Path, config: Config, progress: Progress | None = None) -> None:
        self.resources = Resources(path, config, progress)
        """Database, artifacts and sources; for the server and other shells."""

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        *,
        config: Config | None = None,
        progress: Progress | None = None,
    ) -> Workspace:
        """Make a new workspace; raises InputError if one is there already."""
        root = new_directory(path)
        (root / CONFIG).write_text(as_toml(config), encoding="utf-8")
        return cls(root.resolve(), config or Config(), progress)

    @classmethod
    def open(
        cls, path: str | os.PathLike[str] = ".", *, progress: Progress | None = None
    ) -> Workspace:
        """Open an existing workspace; raises InputError if there is none."""
        root = Path(path)
        if not (root / CONFIG).is_file():
            hint = "Create one: `vireo new DIR`, or name it: `-w DIR`."
            raise InputError(f"There is no workspace in {root.resolve()}.", hint)
        return cls(root.resolve(), Config.load(root / CONFIG), progress)

    @property
    def path(self) -> Path:
        """The directory of the workspace."""
        return self.resources.path

    @property
    def config(self) -> Config:
        """All settings, as `vireo.toml` has them."""
        return self.resources.config

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
        """Read and validate tables; return the counts of accepted and rejected rows.

        `columns` maps the tables' column names to Vireo's; `replace` drops earlier tables. `users`
        is a table of user attributes (age, region, languages, groups), used from the next list on.
        """
        if videos is None and events is None and users is None:
            raise InputError("There is nothing to ingest.", "Give --videos, --events or --users.")
        counts = {} if users is None else {"user_attributes": self.set_users(users)}
        if videos is None and events is None:
            return counts
        tables = [Path(table) if table is not None else None for table in (videos, events)]
        options: dict[str, Any] = {"format": format, "columns": columns or {}, "replace": replace}
        return {**ingest_tables(self.resources, *tables, **options), **counts}

    def record(self, events: Sequence[LiveEvent]) -> int:
        """Store live events, which change the next list; return the number of new ones."""
        return self.resources.store.append(events)

    def build(
        self,
        until: str | None = None,
        *,
        fast: bool = False,
        on_result: Callable[[Result], None] | None = None,
    ) -> list[Result]:
        """Build the stages that are not built yet; publish a complete build.

        `until` names the last stage to build. `fast` leaves out the experts that train for
        minutes; a later build without it adds them.
        """
        results = build_stages(self.resources, until, fast=fast, on_result=on_result)
        self.resources.reload()
        return results

    def rollback(self) -> dict[str, str]:
        """Serve the previously published build; return its stage -> artifact id."""
        stages = self.resources.published.rollback()
        self.resources.reload()
        return stages

    def push(self, url: str) -> TransferReport:
        """Copy the published build to an fsspec URL; other files there are deleted."""
        parts = (self.resources.artifacts, self.resources.published, self.resources.progress)
        with self.resources.locked():
            return RemoteStore(url).push(*parts)

    def pull(self, url: str) -> TransferReport:
        """Fetch and serve the build at an fsspec URL; raises CorruptArtifact for damaged files."""
        parts = (self.resources.artifacts, self.resources.published, self.resources.progress)
        with self.resources.locked():
            copied = RemoteStore(url).pull(*parts)
        self.resources.reload()
        return copied

    def recommend(
        self,
        user_id: str | None = None,
        k: int | None = None,
        query: str = "",
        *,
        page: int = 1,
        session: str = "",
        seeds: Sequence[str] = (),
        attributes: UserAttributes | None = None,
        at: int | None = None,
    ) -> Picks:
        """A list of k videos for one user; for an unknown user a cold-start list.

        `query` is a free-text request, `seeds` are ids of videos counted as just watched. `page`
        2 continues page 1. `session` seeds random choices. `attributes` replaces the stored ones.
        `at` is the time of the request (ms since 1970 UTC; default: now).
        """
        options = RequestOptions(page, session, tuple(seeds), attributes, at)
        return self.resources.online.recommend(user_id, self._length(k), query, options)

    def recommend_all(
        self,
        out: str | os.PathLike[str],
        k: int | None = None,
        *,
        with_reasons: bool = False,
        shard_size: int = SHARD_SIZE,
        at: int | None = None,
    ) -> dict[str, Any]:
        """Write the lists of all users to a Parquet file; return the counts.

        A killed run continues at the missing shards. `with_reasons` makes the lists one by one.
        """
        from vireo.batch.lists import recommend_all
        from vireo.batch.worker import BatchJob

        stages, settings = self.resources.published.current(), self.config
        moment = now_ms() if at is None else at
        job = BatchJob.of(self.path, stages, settings, self._length(k), moment, with_reasons)
        return recommend_all(job, settings, self.resources.context, Path(out), shard_size)

    def similar(self, video_id: str, k: int | None = None, *, user_id: str | None = None) -> Picks:
        """Videos similar to one, cold items included, that the user (or any user) may see."""
        return self.resources.online.similar(video_id, self._length(k), user_id)

    def search(self, text: str, k: int | None = None) -> Picks:
        """Videos near a text, without personalization."""
        return self.resources.online.search(text, self._length(k))

    def explain(self, user_id: str, video_id: str) -> Explanation:
        """The contributions to one video's score for one user, and a counterfactual."""
        return self.resources.online.explain(user_id, video_id)

    def set_users(self, table: str | os.PathLike[str]) -> dict[str, Any]:
        """Store user attributes (age, region, languages, groups) from a table; return counts."""
        return set_users(self.resources.store, Path(table))

    def add_preference(self, user_id: str, text: str, video_id: str = "") -> Preference:
        """Store a stated preference ("less horror"); it changes the next list.

        `video_id` is what "this" means in "less of this". Raises InputError without a target.
        """
        if video_id:
            self.resources.online.catalogue.row(video_id)
        return add_preference(self.resources.store, user_id, text, video_id)

    def preferences(self, user_id: str) -> list[Preference]:
        """The stated preferences of a user, oldest first."""
        return self.resources.store.preferences_of(user_id)

    def remove_preference(self, user_id: str, number: int) -> None:
        """Delete one stated preference; raises InputError if the number is unknown."""
        remove_preference(self.resources.store, user_id, number)

    def profile(self, user_id: str) -> Profile:
        """The interests of a user as data and as a sentence, with the videos that show them."""
        return self.resources.online.profile(user_id)

    def export(self, user_id: str) -> dict[str, Any]:
        """All stored data about a user, as one document."""
        return export(user_id, self.resources.store, self.resources.sources)

    def forget(self, user_id: str, *, purge: bool = False) -> Receipt:
        """Erase a user: from all lists at once, from the artifacts by the next build.

        `purge` builds at once and deletes the older artifacts. Raises InputError if nothing is
        held about the user, Busy if `purge` cannot build.
        """
        receipt = erase_user(self.resources, user_id)
        self.resources.reload()
        if not purge:
            return receipt
        return receipt.purged(self.purge())

    def purge(self) -> int:
        """Build, and delete artifacts made before the last erasure; return their number."""
        before = made_before(self.resources.artifacts)
        self.build()
        return len(before - made_before(self.resources.artifacts))

    def video(self, video_id: str) -> dict[str, Any]:
        """Metadata, visual features, dialogue and record of one video."""
        return self.resources.online.about_video(video_id)

    def user(self, user_id: str) -> dict[str, Any]:
        """Counts, topics and latest videos of one user."""
        return self.resources.online.about_user(user_id)

    def stage_report(self, stage: str) -> dict[str, Any]:
        """The report of the published artifact of a stage."""
        return stage_report(stage, self.resources)

    def rows(self, what: str) -> list[dict[str, Any]]:
        """Rows of `videos`, `users`, `artifacts` or `rejects`."""
        return rows(what, self.resources)

    def facts(self, what: str) -> tuple[dict[str, Any], bool]:
        """A stage's report, else a video's facts, else a user's; True if a user has that id too."""
        return facts(what, self.resources)

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
        """Build with an earlier cutoff and rank all videos for the held-out events.

        `protocol`: `time` (events from `cutoff` on are held out; default: the last fifth of the
        time; several cutoffs, or `rolling=3`, are averaged), `leave-one-out`, `cold-items`
        (`share`, `variant="chronological"`), `cold-users` (`share`) or `random` (`share`).
        `settings` changes dotted keys of the config. `save_split` keeps the split as a file.
        """
        from vireo.evaluation.build_and_evaluate import evaluate_plan
        from vireo.evaluation.plan import plan_of

        plan = plan_of(cutoff, protocol, k, systems, **options)
        with self.resources.locked():
            split_file = Path(save_split) if save_split else None
            return evaluate_plan(self.resources.build_context(), plan, split_file)

    def check_leaks(
        self,
        cutoff: str | int | Sequence[str | int] | None = None,
        *,
        protocol: str = "time",
        systems: Sequence[str] | None = None,
        **options: Any,
    ) -> LeakCheck:
        """Build again with an altered future; raises StageFailed if any artifact changes."""
        from vireo.evaluation.leakage import check_leaks
        from vireo.evaluation.plan import plan_of

        plan = plan_of(cutoff, protocol, 10, systems, **options)
        with self.resources.locked():
            return check_leaks(self.resources.build_context(), plan)

    def compare(self, one: str, other: str, metrics: Sequence[str] = ()) -> list[Comparison]:
        """Differences of two saved reports, `REPORT:system`, or two systems, with intervals."""
        from vireo.evaluation.compare import compare

        return compare(one, other, reports=self.path / "reports", metrics=metrics)

    def save_report(self, report: Report) -> Path:
        """Write a report with its plots under `reports/`; return the folder."""
        from vireo.evaluation.export import save_under

        return save_under(self.path / "reports", report)

    def close(self) -> None:
        """Close the database."""
        self.resources.close()

    def _length(self, k: int | None) -> int:
        return self.config.recommend.k if k is None else k
