"""Service: what the endpoints and pages ask. Knows nothing of HTTP; many threads ask at once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from vireo.errors import Busy, InputError, UnknownVideo, VireoError
from vireo.privacy.base import consents
from vireo.privacy.forget import Receipt, waits
from vireo.recommend.explain.explanation import Explanation
from vireo.recommend.recommender import Picks
from vireo.server.base import Principal
from vireo.server.builds import BuildRunner
from vireo.server.event_writer import EventWriter
from vireo.server.list_cache import ListCache, cache_key
from vireo.server.list_executor import NeedsThread
from vireo.server.live_state import ServingState, StateRefresher, first_line
from vireo.server.search import newest, search, trending
from vireo.serving.experiments import experiment_of, variant_names, variant_of
from vireo.serving.request import DEFAULT_OPTIONS, RequestOptions
from vireo.store.base import Action, LiveEvent, LiveVideo, UserAttributes, UserState
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
        self.lists = ListCache(self.section.list_cache_size)
        self.writer = EventWriter(work.resources.store)
        self.builds = BuildRunner(work.path, self.section.rebuild_interval_minutes)
        self.started = time.time()
        self.variants = variant_names(work.config)
        self._models = -1
        self._wake = threading.Event()
        self._ending = False
        self._looking = threading.Lock()
        self._keeper = threading.Thread(target=self._keep, name="vireo-keeper", daemon=True)

    def start(self) -> None:
        """Load what is published; from then on follow what changes."""
        experiment = experiment_of(self.work.config, round(time.time() * 1000))
        if experiment is not None:
            self.store.begin_experiment(experiment)
        self._refresh()
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
                self._refresh()

    def _refresh(self) -> None:
        try:
            with self._looking:
                self.state.refresh()
                self.builds.look()
                self._finish_forgetting()
            self.state.failed = ""
        except Busy:  # somebody builds: the rest of a forgetting waits for the next look
            self.state.failed = ""
        except Exception as error:  # the thread must outlive whatever went wrong
            self.state.failed = first_line(error)
            LOG.error("Looking for changes failed: %s", self.state.failed)

    def _finish_forgetting(self) -> None:
        if waits(self.store, self.work.path) and not self.builds.running:
            finish_erasure(self.work.resources)

    @property
    def now(self) -> ServingState:
        """What is served at this moment; raises NotBuilt before anything is published."""
        now = self.state.now
        if now.models != self._models:
            self._models = now.models
            self.lists.clear()
        return now

    # --- lists

    def recommend(
        self, user_id: str | None, k: int, text: str = "", options: RequestOptions = DEFAULT_OPTIONS
    ) -> Picks:
        """A list for one viewer, or for nobody in particular."""
        return self.listed(user_id, k, text, options)[0]

    def listed(
        self,
        user_id: str | None,
        k: int,
        text: str = "",
        options: RequestOptions = DEFAULT_OPTIONS,
        preset: str = "",
        at_once: bool = False,
    ) -> tuple[Picks, str]:
        """The same, and the variant or preset by which it was made; "" where nothing is tried.

        `at_once`: raises NotAtOnce where a model has to be asked or made ready for it first.
        """
        now = self.now
        served = now.served
        viewer = self.store.pseudonym_of(user_id) if user_id else ""
        standing = (
            self.store.user_state(viewer, now.overlay.live_until)
            if user_id is not None
            else UserState(UserAttributes(""))
        )
        name = preset or self._variant(viewer, standing)
        key = (k, text.strip(), options, name, *cache_key(now, viewer, standing))
        found = self.lists.get(key)
        if found is None:
            if at_once and not served.needs_no_model(standing, k * options.page, text, name):
                raise NeedsThread
            query = served.queries.from_state(user_id, standing, k, text, options)
            found = served.recommenders.get(name).recommend(query)
            self.lists.put(key, found)
        return found, name

    def _variant(self, user_id: str, standing: UserState) -> str:
        """The viewer's variant; nobody is tried upon without a name, or who refuses research."""
        names = self.variants
        if not names or not user_id or standing.forgotten:
            return ""
        if not consents(standing.choices, "research", self.work.config.privacy):
            return ""
        return variant_of(user_id, self.section.experiment, names)

    def session(
        self, events: Sequence[LiveEvent], k: int, text: str = "", at_once: bool = False
    ) -> Picks:
        """A list for somebody without a name, from what they did just now; nothing is kept.

        `at_once`: as for `listed`.
        """
        served, nobody = self.now.served, UserState(UserAttributes(""))
        if at_once and not served.needs_no_model(nobody, k, text):
            raise NeedsThread
        history = served.queries.weighted(events)
        query = served.queries.from_state(None, nobody, k, text, history=history)
        return served.recommender.recommend(query)

    def similar(self, video_id: str, k: int, user_id: str | None = None) -> Picks:
        """Videos like this one that this viewer (or anybody) may see."""
        return self.now.served.similar(video_id, k, user_id)

    def search(self, text: str, k: int, user_id: str | None = None) -> Picks:
        """Videos with these words in the title, then videos near their meaning."""
        now = self.now
        return search(now.overlay, text, k, now.served.allowed(user_id))

    def trending(self, k: int, user_id: str | None = None) -> Picks:
        """What the most people watch in these hours; popular of late where nothing is live."""
        now = self.now
        least = self.work.config.privacy.min_group_size
        return trending(now.overlay, now.trending, k, now.served.allowed(user_id), least)

    def newest(self, user_id: str | None, k: int) -> Picks:
        """The latest videos that the viewer has not met."""
        now = self.now
        met = now.served.queries.history(user_id).videos.tolist() if user_id else []
        return newest(now.overlay, frozenset(met), k, now.served.allowed(user_id))

    def last_liked(self, user_id: str) -> str | None:
        """The video that the viewer wanted last, of those that are there and theirs to see."""
        now = self.now
        rows = now.served.queries.history(user_id).positives.videos.tolist()
        allowed = now.served.allowed(user_id) if rows else ()
        there = [row for row in rows if allowed[row]]
        return now.overlay.catalogue.ids[there[-1]] if there else None

    def title(self, video_id: str) -> str:
        """The title, or the id where there is none."""
        catalogue = self.now.overlay.catalogue
        row = catalogue.find(video_id)
        return video_id if row is None else catalogue.titles[row]

    def known(self, user_id: str) -> dict[str, Any] | None:
        """What is known of a viewer; None for a stranger."""
        served = self.now.served
        return served.about_user(user_id) if len(served.queries.history(user_id)) else None

    def in_category(self, video_id: str, category: str) -> bool:
        """Whether the video carries the category, or a tag of this name; "" holds all."""
        overlay = self.now.overlay
        row = overlay.catalogue.find(video_id)
        if not category or row is None:
            return not category
        facts = overlay.tables.videos.row(row, named=True)
        return category in (facts["category"], *(facts["tags"] or ()))

    def may_see(self, user_id: str | None, video_id: str) -> bool:
        """Whether the rules that protect let this viewer (or anybody) see the video."""
        now = self.now
        row = now.overlay.catalogue.find(video_id)
        return row is None or bool(now.served.allowed(user_id)[row])

    def explain(self, user_id: str, video_id: str) -> Explanation:
        return self.now.served.explain(user_id, video_id)

    # --- events

    def record(self, events: Sequence[LiveEvent]) -> Future[int]:
        """The future says how many were new, once they are durable."""
        return self.writer.submit(events)

    # --- videos

    def put_video(self, video: LiveVideo) -> None:
        """Keep the video; within a moment it is recommended by its text."""
        self.store.put_video(video)
        self.look_now()

    def delete_video(self, video_id: str) -> None:
        """Take the video out of every list; raises UnknownVideo."""
        self.about_video(video_id)
        self.store.delete_video(video_id)
        self.look_now()

    def about_video(self, video_id: str) -> dict[str, Any]:
        """What is known of a video, also of one that was put a moment ago."""
        try:
            return self.now.served.about_video(video_id)
        except VireoError as error:
            return self._waiting(video_id, error)

    def _waiting(self, video_id: str, error: VireoError) -> dict[str, Any]:
        changes = self.store.video_changes()
        latest = next((c for c in changes if c.video.video_id == video_id), None)
        if latest is None or latest.deleted:
            if isinstance(error, UnknownVideo):
                raise error
            raise UnknownVideo(f"There is no video '{video_id}'.", "PUT it first.") from error
        given = {k: v for k, v in vars(latest.video).items() if v and k != "video_id"}
        return {"video_id": video_id, "metadata": given, "visual": {"status": "waiting"}}

    # --- viewers

    def export(self, user_id: str) -> dict[str, Any]:
        """Everything that is held about a viewer."""
        return self.work.export(user_id)

    def choose(self, user_id: str, change: Mapping[str, Any]) -> dict[str, Any]:
        """Set parts of what a viewer chose; None removes one. Returns all of it."""
        before = self.store.choices(user_id)
        choices = {**before, **change}
        if choices.get("consent"):  # purpose by purpose: the others stay as they are
            said = {**before.get("consent", {}), **choices["consent"]}
            choices["consent"] = {name: yes for name, yes in said.items() if yes is not None}
        kept = {name: value for name, value in choices.items() if value not in (None, "", {})}
        self.store.set_choices(user_id, kept)
        return kept

    def forget(self, user_id: str) -> Receipt:
        """Remove a viewer: at once from every answer, then from the files."""
        try:
            return self.work.forget(user_id)
        finally:
            self._refresh()  # trends and counts are without them before anybody asks again
            self.lists.clear()

    def forget_quietly(self, user_id: str) -> Receipt | None:
        """The same; None where nothing was held."""
        try:
            return self.forget(user_id)
        except InputError:
            return None

    # --- the owner

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
