"""Lists for the endpoints and pages, cached, with the variant of a running experiment."""

from __future__ import annotations

from collections.abc import Sequence

from vireo.config import Config
from vireo.privacy.base import consents
from vireo.recommend.explain.explanation import Explanation
from vireo.recommend.recommender import Picks
from vireo.server.list_cache import ListCache, cache_key
from vireo.server.list_executor import NeedsThread
from vireo.server.live_state import ServingState, StateRefresher
from vireo.server.search import newest, search, trending
from vireo.serving.experiments import variant_names, variant_of
from vireo.serving.request import DEFAULT_OPTIONS, RequestOptions
from vireo.store.base import LiveEvent, Store, UserAttributes, UserState


class ListService:
    """Makes lists from what is served at the moment."""

    def __init__(self, state: StateRefresher, store: Store, config: Config) -> None:
        self._state = state
        self._store = store
        self._config = config
        self.cache = ListCache(config.server.list_cache_size)
        self.variants = variant_names(config)
        self._models = -1

    @property
    def _now(self) -> ServingState:
        """The live snapshot; new models empty the cache. Raises NotBuilt before the first build."""
        now = self._state.now
        if now.models != self._models:
            self._models = now.models
            self.cache.clear()
        return now

    def recommend(
        self, user_id: str | None, k: int, text: str = "", options: RequestOptions = DEFAULT_OPTIONS
    ) -> Picks:
        """A list for one user, or for an anonymous one."""
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
        """A list, and the variant or preset that made it; "" without an experiment.

        `at_once`: raises NeedsThread if a model has to run or to be loaded first.
        """
        now = self._now
        served = now.served
        viewer = self._store.pseudonym_of(user_id) if user_id else ""
        standing = (
            self._store.user_state(viewer, now.overlay.live_until)
            if user_id is not None
            else UserState(UserAttributes(""))
        )
        name = preset or self._variant(viewer, standing)
        key = (k, text.strip(), options, name, *cache_key(now, viewer, standing))
        found = self.cache.get(key)
        if found is None:
            if at_once and not served.needs_no_model(standing, k * options.page, text, name):
                raise NeedsThread
            query = served.queries.from_state(user_id, standing, k, text, options)
            found = served.recommenders.get(name).recommend(query)
            self.cache.put(key, found)
        return found, name

    def _variant(self, user_id: str, standing: UserState) -> str:
        """The variant of a user; none without an id or without consent to research."""
        names = self.variants
        if not names or not user_id or standing.forgotten:
            return ""
        if not consents(standing.choices, "research", self._config.privacy):
            return ""
        return variant_of(user_id, self._config.server.experiment, names)

    def session(
        self, events: Sequence[LiveEvent], k: int, text: str = "", at_once: bool = False
    ) -> Picks:
        """A list for an anonymous session, from its events; nothing is stored.

        `at_once`: as for `listed`.
        """
        served, anonymous = self._now.served, UserState(UserAttributes(""))
        if at_once and not served.needs_no_model(anonymous, k, text):
            raise NeedsThread
        history = served.queries.weighted(events)
        query = served.queries.from_state(None, anonymous, k, text, history=history)
        return served.recommender.recommend(query)

    def similar(self, video_id: str, k: int, user_id: str | None = None) -> Picks:
        """Similar videos that the user (or anybody) may see."""
        return self._now.served.similar(video_id, k, user_id)

    def search(self, text: str, k: int, user_id: str | None = None) -> Picks:
        """Videos with these words in the title, then videos near their meaning."""
        now = self._now
        return search(now.overlay, text, k, now.served.allowed(user_id))

    def trending(self, k: int, user_id: str | None = None) -> Picks:
        """Most watched videos of the last hours; recently popular ones without live events."""
        now = self._now
        least = self._config.privacy.min_group_size
        return trending(now.overlay, now.trending, k, now.served.allowed(user_id), least)

    def newest(self, user_id: str | None, k: int) -> Picks:
        """The latest videos that the user has not seen."""
        now = self._now
        seen = now.served.queries.history(user_id).videos.tolist() if user_id else []
        return newest(now.overlay, frozenset(seen), k, now.served.allowed(user_id))

    def last_liked(self, user_id: str) -> str | None:
        """The video of the last positive interaction that the user may see."""
        now = self._now
        rows = now.served.queries.history(user_id).positives.videos.tolist()
        allowed = now.served.allowed(user_id) if rows else ()
        there = [row for row in rows if allowed[row]]
        return now.overlay.catalogue.ids[there[-1]] if there else None

    def explain(self, user_id: str, video_id: str) -> Explanation:
        """Contributions to the score of one video for one user."""
        return self._now.served.explain(user_id, video_id)
