"""Live state: the current snapshot, and the thread that refreshes it.

A request reads the `ServingState` once and uses it to its end; a published build, a rollback or a
new video replaces it as a whole, between requests.
"""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from vireo.behavior.weights import event_weights
from vireo.errors import NotBuilt, VireoError
from vireo.server.keys import KeyRing
from vireo.server.live_snapshot import LiveSnapshot, overlay
from vireo.server.memory_sharing import share_arrays
from vireo.server.trends import Trends
from vireo.serving.online import OnlineRecommender
from vireo.serving.snapshot import BuildSnapshot
from vireo.serving.unlearning import without_users
from vireo.workspace import Workspace

MAX_TRENDING = 50
LOG = logging.getLogger("vireo.server")


@dataclass(frozen=True)
class ServingState:
    """One consistent state; requests hold on to it while they work."""

    served: OnlineRecommender
    overlay: LiveSnapshot
    ids: dict[str, str]
    """Stage -> artefact id."""
    models: int
    """Grows with every publication and every change of videos."""
    counts: int
    """Grows with the trends, too."""
    trending: tuple[tuple[str, int], ...] = ()
    """(video id, viewers) of the last hours, the most watched first."""


class StateRefresher:
    """Loads what is published, follows what changes. `refresh` is called by one thread."""

    def __init__(self, work: Workspace) -> None:
        self._work = work
        self._store = work.resources.store
        self.keys = KeyRing(work.resources.store, work.resources.store.pseudonym_of)
        self.trends = Trends(
            work.resources.store,
            event_weights(work.config.behavior),
            work.config.interest.recent_days,
            work.config.privacy.min_group_size,
        )
        self._now: ServingState | None = None
        self._base: BuildSnapshot | None = None
        self._left: BuildSnapshot | None = None
        self._generation = -1
        self._plain: LiveSnapshot | None = None
        self._made: LiveSnapshot | None = None
        self._stamp: tuple[int, int] | None = None
        self._position = -1
        self.failed = ""
        """Why the last look for changes failed, if it did."""
        self._unserved = ""
        self.on_load: Callable[[], None] = lambda: None
        """Called when a build was loaded and is served."""
        self._turn = threading.Lock()

    @property
    def trouble(self) -> str:
        """Why changes are not followed, or what is published last is not served; else empty."""
        return self.failed or self._unserved

    @property
    def now(self) -> ServingState:
        """Raises NotBuilt before anything could be loaded."""
        if self._now is None:
            raise NotBuilt(
                self._unserved or "Nothing is published here yet.", "`vireo build` first."
            )
        return self._now

    def warm(self) -> None:
        """Load what reads sentences, if anything is served."""
        try:
            if self._base is not None:
                self._base.warm()
        except Exception as error:  # lists work without it, and a search reports it again
            LOG.error("The language model cannot be loaded: %s", first_line(error))

    def refresh(self) -> None:
        """Look at everything that may have changed, and swap in what did."""
        with self._turn, _uncollected():
            self.keys.refresh()
            published = self._published()
            if self._base is None:
                return
            self._swap(*self._without_the_forgotten(self._base, published))
            if published:
                self.on_load()

    def _without_the_forgotten(
        self, base: BuildSnapshot, published: bool
    ) -> tuple[BuildSnapshot, bool]:
        """The build less those who were forgotten since; True if that changed anything."""
        generation = self._store.generation()
        if self._left is not None and generation == self._generation and not published:
            return self._left, False
        gone = self._store.forgotten_among(base.histories.user_ids)
        before = self._left
        self._left = without_users(base, gone, self._work.config.interest.recent_days)
        self._generation = generation
        return self._left, self._left is not before

    def _published(self) -> bool:
        """Load a newly published build; True if there is one."""
        stamp = self._work.resources.published.stamp()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        before = self._base
        self._base = self._loaded() or before
        return self._base is not before

    def _loaded(self) -> BuildSnapshot | None:
        """The latest build that can be read; an older one is better than none."""
        try:
            sets = self._work.resources.published.all_published()
        except VireoError as error:
            self._unserved = error.what
            return None
        self._unserved = ""
        for stages in sets if self._base is None else sets[:1]:
            try:
                return self._whole(stages)
            except VireoError as error:
                self._unserved = self._unserved or error.what
                LOG.error("A published build cannot be served: %s", error.what)
        return None

    def _whole(self, stages: dict[str, str]) -> BuildSnapshot:
        """Verify every hash and load every part into memory."""
        for stage, artifact_id in stages.items():
            manifest = self._work.resources.artifacts.find(stage, artifact_id)
            if manifest is not None:
                self._work.resources.artifacts.verify(manifest)
        base = share_arrays(self._work.resources.snapshot(stages))
        for part in (base.tables.videos, base.tables.media, base.histories.row_of):
            len(part)
        _ = base.histories.now, base.video, base.language, base.impressions
        if self._base is not None:  # requests go on meanwhile, with the build before
            base.warm()
        return base

    def _swap(self, base: BuildSnapshot, published: bool) -> None:
        position = self._store.video_position()
        videos = published or position != self._position or self._now is None
        counts = self.trends.follow(base)
        if not videos and not counts:
            return
        if videos or self._plain is None:
            self._plain = overlay(base, self._store.video_changes(base.videos_until))
            self._made = self._plain
            self._position = position
        before = self._now
        # The previous one holds what was derived from videos; counts are computed again.
        made = (self._made or self._plain).counting(*self.trends.counts(self._plain))
        served = OnlineRecommender(
            made, self._work.config, self._store, before.served if before else None
        )
        served.recommend(None, 1)  # whatever is made once is made now, not by the first request
        self._made = made
        models = (before.models if before else 0) + int(videos)
        count = (before.counts if before else 0) + 1
        trending = tuple(
            self.trends.now(self._work.config.server.trending_window_hours, MAX_TRENDING)
        )
        self._now = ServingState(served, made, base.ids, models, count, trending)


def first_line(error: Exception) -> str:
    """An error's message in one line; its class if the message is empty."""
    return next(iter(str(error).splitlines()), type(error).__name__)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Reading a build and a million events makes objects by the hundred thousand: the collector
    would walk through all of them again and again, and hold every thread meanwhile."""
    able = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if able:
            gc.enable()
