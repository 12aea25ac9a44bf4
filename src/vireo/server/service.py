"""One served workspace, without HTTP: refresh, events, builds, lists, videos and users."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future

from vireo.errors import Busy, InputError
from vireo.privacy.forget import waits
from vireo.server.base import Principal
from vireo.server.builds import BuildRunner
from vireo.server.event_writer import EventWriter
from vireo.server.list_service import ListService
from vireo.server.live_state import ServingState, StateRefresher, first_line
from vireo.server.user_service import UserService
from vireo.server.video_service import VideoService
from vireo.serving.experiments import experiment_of
from vireo.store.base import Action, LiveEvent
from vireo.workspace import Workspace
from vireo.workspace.privacy import finish_erasure

LOG = logging.getLogger("vireo.server")


class Service:
    """One workspace, served. `start` before the first question, `close` after the last."""

    def __init__(self, work: Workspace) -> None:
        self.work = work
        self.section = work.config.server
        self.store = work.resources.store
        self.state = StateRefresher(work)
        self.lists = ListService(self.state, self.store, work.config)
        self.videos = VideoService(self.state, self.store, self.look_now)
        self.users = UserService(work, self.state, self._forget_lists)
        self.writer = EventWriter(work.resources.store)
        self.builds = BuildRunner(work.path, self.section.rebuild_interval_minutes)
        self.started = time.time()
        self._wake = threading.Event()
        self._ending = False
        self._looking = threading.Lock()
        self._keeper = threading.Thread(target=self._keep, name="vireo-keeper", daemon=True)

    def start(self) -> None:
        """Load what is published; from then on follow what changes."""
        experiment = experiment_of(self.work.config, round(time.time() * 1000))
        if experiment is not None:
            self.store.begin_experiment(experiment)
        self.refresh()
        self.state.warm()
        self._keeper.start()

    def close(self) -> None:
        """Write what waits, let go of the database."""
        self._ending = True
        self._wake.set()
        if self._keeper.is_alive():
            self._keeper.join()
        self.writer.close()
        self.builds.close()
        self.work.close()

    def look_now(self) -> None:
        """Something changed: do not wait for the next look."""
        self._wake.set()

    def _keep(self) -> None:
        while not self._ending:
            self._wake.wait(self.section.refresh_seconds)
            self._wake.clear()
            if not self._ending:
                self.refresh()

    def refresh(self) -> None:
        try:
            with self._looking:
                self.state.refresh()
                self.builds.look()
                self._finish_forgetting()
            self.state.failed = ""
        except Busy:  # a build runs: the rest of an erasure waits for the next refresh
            self.state.failed = ""
        except Exception as error:  # the thread must outlive whatever went wrong
            self.state.failed = first_line(error)
            LOG.error("Looking for changes failed: %s", self.state.failed)

    def _finish_forgetting(self) -> None:
        if waits(self.store, self.work.path) and not self.builds.running:
            finish_erasure(self.work.resources)

    @property
    def now(self) -> ServingState:
        """The live snapshot; raises NotBuilt before the first build is published."""
        return self.state.now

    def _forget_lists(self) -> None:
        """Counts and cached lists without an erased user, before the next request."""
        self.refresh()
        self.lists.cache.clear()

    def record(self, events: Sequence[LiveEvent]) -> Future[int]:
        """The future says how many were new, once they are durable."""
        return self.writer.submit(events)

    def rollback(self, caller: Principal) -> dict[str, str]:
        """Serve what was published before."""
        stages = self.work.rollback()
        self.log(caller, "rollback", stages.get("recommend", ""))
        self.state.refresh()
        return stages

    def build(self, caller: Principal) -> bool:
        """Start a build in the background; False where one is running."""
        started = self.builds.start()
        if started:
            self.log(caller, "build", "")
        return started

    def log(self, caller: Principal, action: str, subject: str) -> None:
        """One line in the audit log; a viewer's key could name its viewer, so it is not named."""
        actor = "a viewer" if caller.scope == "viewer" else caller.name
        self.store.log(Action(round(time.time() * 1000), actor, action, subject))

    def ready(self) -> None:
        """Raises what keeps the service from answering."""
        _ = self.now
        self.store.watermark()
        if not self._keeper.is_alive():
            raise InputError("The service is not started.", "Restart it.")
