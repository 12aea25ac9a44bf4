"""From a user id to a `Query`: history, consent, attributes, preferences and impressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from vireo.behavior.base import NO_TIME, History
from vireo.behavior.online_weights import OnlineWeighting
from vireo.config import Config
from vireo.errors import InputError, UnknownVideo
from vireo.privacy.base import consents
from vireo.recommend.base import ParsedPreference, Query
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.profile.preferences import parse_preferences
from vireo.serving.request import (
    DEFAULT_OPTIONS,
    IMPRESSION,
    RequestOptions,
    impressions_since_watch,
    now_ms,
    with_seed_videos,
)
from vireo.serving.snapshot import Snapshot
from vireo.store.base import LiveEvent, Preference, Store, UserAttributes, UserState


class UserQueries:
    """Builds queries from a snapshot and the stored state of users. Safe for many threads."""

    def __init__(self, snapshot: Snapshot, config: Config, store: Store) -> None:
        self._snapshot = snapshot
        self._config = config
        self._store = store

    @property
    def _catalogue(self) -> Catalogue:
        return self._snapshot.catalogue

    def state(self, user_id: str) -> UserState:
        """The stored state of a user, with the events since the build."""
        return self._store.user_state(user_id, self._live_until)

    @cached_property
    def _live_until(self) -> int:
        return self._snapshot.live_until

    def history(self, user_id: str, state: UserState | None = None) -> History:
        """History of the build and live events since; empty without consent or after erasure."""
        state = self.state(user_id) if state is None else state
        if state.forgotten or not self._may_personalize(state):
            return History.empty()
        return self._history(self._store.pseudonym_of(user_id), state)

    def _history(self, pseudonym: str, state: UserState) -> History:
        built = self._snapshot.histories.of(pseudonym)
        live = self.weighted(state.events) if state.events else None
        if live is None or not len(live):
            return built
        return History(
            np.concatenate([built.videos, live.videos]),
            np.concatenate([built.weights, live.weights]),
            np.concatenate([built.times, live.times]),
        )

    def weighted(self, events: Sequence[LiveEvent]) -> History:
        """Live events of one user, weighted as a build would."""
        return self._weighting.history(events, self._catalogue.find) if events else History.empty()

    @cached_property
    def _weighting(self) -> OnlineWeighting:
        durations = self._snapshot.tables.videos["duration"].to_numpy()
        return OnlineWeighting.after(self._snapshot.histories, self._config.behavior, durations)

    def _may_personalize(self, state: UserState) -> bool:
        return consents(state.choices, "personal_lists", self._config.privacy)

    def row(self, video_id: str) -> int:
        """The row of a video; raises UnknownVideo for a missing or deleted one."""
        row = self._catalogue.row(video_id)
        if row in self._snapshot.deleted:
            raise UnknownVideo(
                f"The video '{video_id}' was deleted.", "PUT it again to bring it back."
            )
        return row

    def query(
        self, user_id: str | None, k: int, text: str = "", options: RequestOptions = DEFAULT_OPTIONS
    ) -> Query:
        """A query for a user, or for an anonymous one; reads the database once."""
        state = UserState(UserAttributes("")) if user_id is None else self.state(user_id)
        return self.from_state(user_id, state, k, text, options)

    def from_state(
        self,
        user_id: str | None,
        state: UserState,
        k: int,
        text: str = "",
        options: RequestOptions = DEFAULT_OPTIONS,
        history: History | None = None,
    ) -> Query:
        """A query from state that was read before. Raises InputError, UnknownVideo."""
        if k < 1:
            raise InputError(f"A list cannot have {k} entries.", "Ask for 1 or more: --k 10.")
        choices, privacy = state.choices, self._config.privacy
        personal = bool(user_id) and not state.forgotten
        personal = personal and consents(choices, "personal_lists", privacy)
        remote = consents(choices, "remote_models", privacy)
        pseudonym = self._store.pseudonym_of(user_id) if user_id else ""
        if history is None:
            history = self._history(pseudonym, state) if personal else History.empty()
        now = max(self._snapshot.histories.now, int(history.times.max(initial=NO_TIME)))
        if options.current_video:
            history = with_seed_videos(history, [self.row(options.current_video)], now)
        text = text.strip() or saved_query(state)
        seeds = [self.row(video) for video in options.seeds]
        query = Query(
            user_id,
            with_seed_videos(history, seeds, now) if seeds else history,
            k,
            text,
            self._snapshot.embed_query(text) if text else None,
            now,
            exclude=self._snapshot.deleted,
            seeds=frozenset(seeds) - frozenset(history.videos.tolist() if seeds else ()),
            requested_at=now_ms() if options.at is None else options.at,
            session=options.session,
            page=options.page,
            remote=remote,
            pseudonym=pseudonym,
        )
        if user_id is None or state.forgotten:
            own = options.attributes
            return query if own is None else replace(query, attributes=own)
        return query.replace(
            attributes=options.attributes or state.attributes,
            preferences=self.parsed(state.preferences) if state.preferences else (),
            impressions=self._impressions(pseudonym, state, query.history) if personal else {},
        )

    def parsed(self, preferences: Sequence[Preference]) -> tuple[ParsedPreference, ...]:
        """Stated preferences with their direction, vector and videos."""
        read = self._snapshot.embed_query if preferences and self._catalogue.text.any() else None
        return parse_preferences(list(preferences), self._catalogue, read)

    def _impressions(self, pseudonym: str, state: UserState, history: History) -> dict[int, int]:
        shown = list(self._snapshot.impressions.get(pseudonym, ()))
        shown += [(e.video_id, e.timestamp) for e in state.events if e.event == IMPRESSION]
        return impressions_since_watch(shown, history, self._catalogue) if shown else {}


def saved_query(state: UserState) -> str:
    """The free-text query that the user saved for all lists; empty without one."""
    return str(state.choices.get("query", "")) if not state.forgotten else ""
