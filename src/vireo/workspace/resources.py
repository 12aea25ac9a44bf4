"""Open handles of one workspace directory: settings, database, artifacts, sources, lock."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from filelock import FileLock, Timeout

from vireo.artifacts import ArtifactStore, PublishedPointer
from vireo.config import Config
from vireo.data.base import Split
from vireo.data.sources import Sources
from vireo.engine import ENGINES, Context, NullProgress, Progress
from vireo.errors import Busy, InputError
from vireo.pipeline import BuildContext, Result, run
from vireo.privacy.pseudonymous_store import open_workspace_store
from vireo.serving.online import OnlineRecommender
from vireo.serving.snapshot import BuildSnapshot
from vireo.serving.unlearning import without_users
from vireo.store.base import Store

CONFIG = "vireo.toml"


class Resources:
    """Handles that `Workspace` and the server use. Each opens on first use."""

    def __init__(self, path: Path, config: Config, progress: Progress | None = None) -> None:
        self.path = path
        self.config = config
        self.progress = progress or NullProgress()
        self.artifacts = ArtifactStore(path / "artifacts")
        self.sources = Sources(path / "sources")
        self.published = PublishedPointer(path / "live.json")

    @cached_property
    def store(self) -> Store:
        """The database of live events and user state."""
        empty = not self.sources.any_there()
        return open_workspace_store(self.config.store, self.config.privacy, self.path, empty)

    @cached_property
    def context(self) -> Context:
        """Engine, cache directory, progress and seed of a build."""
        cache = self.path / "cache"
        cache.mkdir(exist_ok=True)
        engine = ENGINES.get(self.config.engine.name)(self.config.engine)
        return Context(engine, cache, self.progress, self.config.seed)

    def build_context(self, split: Split | None = None) -> BuildContext:
        """Everything that a run of the pipeline needs; `split` holds events out."""
        parts = (self.artifacts, self.sources, self.store)
        return BuildContext(self.config, self.context, *parts, split or Split())

    def data(self) -> Result:
        """The data stage over all ingested tables, built if it is not built yet."""
        (result,) = run(self.build_context(), until="data")
        return result

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the writer lock of the workspace; raises Busy if another command holds it."""
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

    def snapshot(self, stages: Mapping[str, str] | None = None) -> BuildSnapshot:
        """The published build, or the one of `stages` (stage -> artifact id).

        Raises NotBuilt before the first build, InputError for a missing artifact.
        """
        manifests = {}
        for stage, artifact_id in (stages or self.published.current()).items():
            manifest = self.artifacts.find(stage, artifact_id)
            if manifest is None:
                raise InputError(
                    f"The published artifact {stage}/{artifact_id} is missing or damaged.",
                    "`vireo build` makes it again.",
                )
            manifests[stage] = manifest
        return BuildSnapshot(manifests, self.config, self.context)

    @cached_property
    def online(self) -> OnlineRecommender:
        """The recommender over the published build, without forgotten users."""
        base = self.snapshot()
        forgotten = self.store.forgotten_among(base.histories.user_ids)
        left = without_users(base, forgotten, self.config.interest.recent_days)
        return OnlineRecommender(left, self.config, self.store)

    def reload(self) -> None:
        """Load the published build again at the next request."""
        self.__dict__.pop("online", None)

    def close(self) -> None:
        """Close the database, if it was opened."""
        if "store" in self.__dict__:
            self.store.close()


def new_directory(path: str | os.PathLike[str]) -> Path:
    """Make the directory of a new workspace; raises InputError if the path is in use."""
    root = Path(path)
    if (root / CONFIG).exists():
        raise InputError(f"{root} is a workspace already.", f"Use it: `vireo build -w {root}`.")
    if root.exists() and not root.is_dir():
        raise InputError(f"{root} is a file.", "Name a directory that does not exist yet.")
    if not str(path):
        raise InputError("The workspace has no name.", "Name a directory: `vireo new DIR`.")
    root.mkdir(parents=True, exist_ok=True)
    return root
