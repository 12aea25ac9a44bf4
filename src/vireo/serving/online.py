"""Answers list requests from a snapshot of a build plus the live events of users."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from vireo.arrays import Bools
from vireo.config import Config
from vireo.errors import InputError
from vireo.privacy.base import consents
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.context import StepContext
from vireo.recommend.explain.explanation import Explanation, explanation
from vireo.recommend.profile.llm_summary import llm_profile
from vireo.recommend.profile.summary import Profile, profile_of
from vireo.recommend.recommender import Picks, Recommender
from vireo.recommend.similar import no_similar, similar
from vireo.serving.details import user_facts, video_facts, video_rows
from vireo.serving.experiments import CONTROL, settings_of
from vireo.serving.request import DEFAULT_OPTIONS, RequestOptions, visible_history
from vireo.serving.snapshot import Snapshot
from vireo.serving.user_queries import UserQueries, saved_query
from vireo.store.base import Store, UserState

MAX_QUICK_PLACES = 100
"""Places of a list that take little longer than one of ten."""


class Recommenders:
    """Recommenders over one snapshot, made on first use: the usual one, variants and presets.

    Safe for many threads.
    """

    def __init__(
        self, snapshot: Snapshot, config: Config, before: Recommenders | None = None
    ) -> None:
        """`before` gives what it derived of the models, if only counts of users have changed."""
        self._snapshot = snapshot
        self._config = config
        self._built: dict[str, Recommender] = {}
        same = before is not None and before._snapshot.model is snapshot.model
        self._before = dict(before._built) if before is not None and same else {}

    def get(self, name: str = "") -> Recommender:
        """By name of a variant or preset; "": the usual one. Raises InputError: no such name."""
        name = "" if name == CONTROL else name
        if name not in self._built:
            section, least = settings_of(self._config, name), self._config.privacy.min_group_size
            catalogue, model = self._snapshot.catalogue, self._snapshot.model
            before = self._before.pop(name, None)
            llm = self._snapshot.generator if section.reranker.enabled else None
            self._built[name] = Recommender(catalogue, model, section, llm, least, before)
        return self._built[name]

    def is_ready(self, name: str = "") -> bool:
        """Whether it is built already and calls no LLM."""
        built = self._built.get("" if name == CONTROL else name)
        return built is not None and built.context.generator is None


class OnlineRecommender:
    """Lists, similar videos, explanations and facts. Safe for many threads."""

    def __init__(
        self,
        snapshot: Snapshot,
        config: Config,
        store: Store,
        before: OnlineRecommender | None = None,
    ) -> None:
        """`before` answered from the same build: what it derived of the models is reused."""
        self.snapshot = snapshot
        self.queries = UserQueries(snapshot, config, store)
        self.recommenders: Recommenders = Recommenders(
            snapshot, config, before.recommenders if before else None
        )
        self._config = config
        self._store = store

    @property
    def catalogue(self) -> Catalogue:
        """The videos of the snapshot."""
        return self.snapshot.catalogue

    @property
    def recommender(self) -> Recommender:
        """The recommender with the settings of the workspace."""
        return self.recommenders.get()

    def recommend(
        self, user_id: str | None, k: int, text: str = "", options: RequestOptions = DEFAULT_OPTIONS
    ) -> Picks:
        """A list of k videos for a user, or for an anonymous one."""
        return self.recommender.recommend(self.queries.query(user_id, k, text, options))

    def needs_no_model(self, state: UserState, places: int, text: str = "", name: str = "") -> bool:
        """Whether a list is made at once: short, without text to embed or models to load.

        `places` counts to the end of the requested page, `name` is a variant or preset.
        """
        texts = text.strip() or saved_query(state) or state.preferences
        return places <= MAX_QUICK_PLACES and not texts and self.recommenders.is_ready(name)

    def allowed(self, user_id: str | None) -> Bools:
        """(n,) videos that the mandatory rules let the user (or anybody) see now."""
        allowed = self.recommender.protected(self.queries.query(user_id, 1))
        allowed[list(self.snapshot.deleted)] = False
        return allowed

    def similar(self, video_id: str, k: int, user_id: str | None = None) -> Picks:
        """The k most similar videos that the user (or anybody) may see."""
        row = self.queries.row(video_id)
        if k < 1:
            raise InputError(f"A list cannot have {k} entries.", "Ask for 1 or more: --k 10.")
        allowed = self.allowed(user_id)
        if not allowed[row] and user_id is not None:
            allowed = np.zeros_like(allowed)
        found = similar(self.catalogue, self.snapshot.model, row, k, allowed)
        return found if len(found) else no_similar(user_id)

    def search(self, text: str, k: int) -> Picks:
        """Videos near a text, without personalization."""
        query = replace(self.queries.query(None, k, text), literal=True)
        return self.recommender.recommend(query)

    def explain(self, user_id: str, video_id: str) -> Explanation:
        """Contributions to one video's score; raises InputError if the user may not see it."""
        context = StepContext(self.catalogue, self.snapshot.model, self._config.recommend)
        row = self.queries.row(video_id)
        query = self.recommender.named(self.queries.query(user_id, self._config.recommend.k))
        if not self.recommender.protected(query)[row]:
            raise InputError(
                f"The viewer '{user_id}' may not see the video '{video_id}'.",
                "Groups, age, region, hours and what was blocked decide: docs/recommend.md.",
            )
        return explanation(context, query, row, self.recommender.rows)

    def profile(self, user_id: str) -> Profile:
        """Interests of a user as data and as a sentence, with the videos that show them."""
        state = self.queries.state(user_id)
        query = self.recommender.named(self.queries.from_state(user_id, state, 1))
        section, history = self._config.recommend, visible_history(query)
        found = profile_of(
            self.catalogue, user_id, history, query.preferences, section.profile_min_events
        )
        return self._with_llm(found, state) if section.llm_profiles else found

    def _with_llm(self, profile: Profile, state: UserState) -> Profile:
        """The sentence by the configured LLM, with the user's consent to remote models."""
        remote = self._config.language.generation.model != "local"
        if remote and not consents(state.choices, "remote_models", self._config.privacy):
            return replace(profile, reason="this viewer has not agreed to `remote_models`")
        generator = self.snapshot.generator
        if generator is None:
            return replace(profile, reason="no LLM is configured: language.generation.model")
        return llm_profile(profile, generator)

    def videos(self) -> list[dict[str, Any]]:
        """The catalogue as rows, with the status of each file."""
        return video_rows(self.snapshot)

    def users(self) -> list[str]:
        """Users with interactions in the build, without the erased ones."""
        known = list(self.snapshot.histories.user_ids)
        forgotten = self._store.forgotten_among(known)
        return [user for user in known if user not in forgotten]

    def about_video(self, video_id: str) -> dict[str, Any]:
        """Metadata, visual features, dialogue and record of one video."""
        row, least = self.queries.row(video_id), self._config.privacy.min_group_size
        return video_facts(self.snapshot, row, least)

    def about_user(self, user_id: str) -> dict[str, Any]:
        """Counts, topics, latest videos and preferences of one user; raises InputError."""
        history = visible_history(self.recommender.named(self.queries.query(user_id, 1)))
        preferences = [one.text for one in self._store.preferences_of(user_id)]
        if not len(history) and not preferences:
            raise InputError(
                f"Nothing is known of a video, a viewer or a stage called '{user_id}'.",
                "`vireo list videos` and `vireo list users` show who is there; `vireo build` takes"
                " in what was ingested since.",
            )
        return user_facts(self.catalogue, history, self.profile(user_id), preferences)
