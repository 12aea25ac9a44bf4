"""Served: what is published now, loaded once, answering for viewers and videos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from vireo.arrays import Bools, Floats
from vireo.behavior.base import NO_TIME, Histories, History
from vireo.behavior.online_weights import OnlineWeighting
from vireo.config import Config
from vireo.data.base import Tables
from vireo.errors import InputError, UnknownVideo
from vireo.interest.base import InterestModel
from vireo.privacy.base import consents
from vireo.recommend.base import ParsedPreference, Query
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.context import StepContext
from vireo.recommend.explain.explanation import Explanation, explanation
from vireo.recommend.profile.llm_summary import llm_profile
from vireo.recommend.profile.preferences import parse_preferences
from vireo.recommend.profile.summary import Profile, profile_of
from vireo.recommend.recommender import Picks, Recommender
from vireo.recommend.similar import no_similar, similar
from vireo.serving.details import date_of, video_facts
from vireo.serving.recommenders import Recommenders
from vireo.serving.request import (
    DEFAULT_OPTIONS,
    IMPRESSION,
    RequestOptions,
    impressions_since_watch,
    now_ms,
    visible_history,
    with_seed_videos,
)
from vireo.serving.snapshot import Snapshot
from vireo.store.base import LiveEvent, Preference, Store, UserAttributes, UserState
from vireo.understanding.base import Understanding
from vireo.video.base import VideoFeatures

SHORT = 100
"""Places of a list that takes little longer than one of ten."""


class OnlineRecommender:
    """Answers from one set of nouns; many threads may ask at once."""

    def __init__(
        self, nouns: Snapshot, config: Config, store: Store, before: OnlineRecommender | None = None
    ) -> None:
        self.recommenders: Recommenders = Recommenders(
            nouns, config, before.recommenders if before else None
        )
        self._snapshot = nouns
        self._config = config
        self._store = store

    @property
    def tables(self) -> Tables:
        return self._snapshot.tables

    @property
    def histories(self) -> Histories:
        return self._snapshot.histories

    @property
    def model(self) -> InterestModel:
        return self._snapshot.model

    @property
    def catalogue(self) -> Catalogue:
        return self._snapshot.catalogue

    @property
    def understanding(self) -> Understanding:
        return self._snapshot.understanding

    @property
    def video(self) -> VideoFeatures:
        return self._snapshot.video

    @property
    def recommender(self) -> Recommender:
        """The one of the settings as they are."""
        return self.recommenders.get()

    def history(self, user_id: str) -> History:
        """What is known of a viewer: the built history and the live events since."""
        standing = self._store.user_state(user_id, self._snapshot.live_until)
        return self.history_of(user_id, standing)

    def history_of(self, user_id: str, standing: UserState) -> History:
        """The same, where the database was asked already. Nothing without consent."""
        if standing.forgotten or not self._personal(standing):
            return History.empty()
        built = self.histories.of(self._store.pseudonym_of(user_id))
        fresh = self.weighted(standing.events)
        if not len(fresh):
            return built
        return History(
            np.concatenate([built.videos, fresh.videos]),
            np.concatenate([built.weights, fresh.weights]),
            np.concatenate([built.times, fresh.times]),
        )

    def _personal(self, standing: UserState) -> bool:
        """Whether lists may be made from what the viewer did."""
        return consents(standing.choices, "personal_lists", self._config.privacy)

    def weighted(self, events: Sequence[LiveEvent]) -> History:
        """One viewer's live events, weighed as a build would."""
        return self._lately.history(events, self.catalogue.find) if events else History.empty()

    @cached_property
    def _lately(self) -> OnlineWeighting:
        durations = self.tables.videos["duration"].to_numpy()
        return OnlineWeighting.after(self.histories, self._config.behavior, durations)

    def videos(self) -> list[dict[str, Any]]:
        """The catalogue, with what became of each file."""
        files = self.video.table.select("video_id", file="status", why="reason")
        rows = self.catalogue.table.join(files, "video_id", "left", maintain_order="left")
        there = (row for at, row in enumerate(rows.to_dicts()) if at not in self._snapshot.deleted)
        return [{**row, "published_at": date_of(row["published_at"])} for row in there]

    def users(self) -> list[str]:
        """Every viewer that behaviour is known of, less those who are forgotten."""
        known = list(self.histories.user_ids)
        gone = self._store.forgotten_among(known)
        return [user for user in known if user not in gone]

    def embed_query(self, sentence: str) -> Floats:
        """A sentence -> its vector in the space of the text vectors. -> (d,)"""
        return self._snapshot.embed_query(sentence)

    def row(self, video_id: str) -> int:
        """The row of a video that is there; raises UnknownVideo."""
        row = self.catalogue.row(video_id)
        if row in self._snapshot.deleted:
            raise UnknownVideo(
                f"The video '{video_id}' was deleted.", "PUT it again to bring it back."
            )
        return row

    def query(
        self, user_id: str | None, k: int, text: str = "", options: RequestOptions = DEFAULT_OPTIONS
    ) -> Query:
        """Check the question and look the viewer up."""
        if user_id is None:
            return self.query_from_state(None, UserState(UserAttributes("")), k, text, options)
        standing = self._store.user_state(user_id, self._snapshot.live_until)
        return self.query_from_state(user_id, standing, k, text, options)

    def query_from_state(
        self,
        user_id: str | None,
        standing: UserState,
        k: int,
        text: str = "",
        options: RequestOptions = DEFAULT_OPTIONS,
        history: History | None = None,
    ) -> Query:
        """The query of a viewer of whom the database was asked already."""
        if k < 1:
            raise InputError(f"A list cannot have {k} entries.", "Ask for 1 or more: --k 10.")
        if history is None:
            history = self.history_of(user_id, standing) if user_id else History.empty()
        now = max(self.histories.now, int(history.times.max(initial=NO_TIME)))
        if options.current_video:
            history = with_seed_videos(history, [self.row(options.current_video)], now)
        wish = text.strip() or saved_query(standing)
        picked = [self.row(video) for video in options.seeds]
        query = Query(
            user_id,
            with_seed_videos(history, picked, now),
            k,
            wish,
            self.embed_query(wish) if wish else None,
            now,
            exclude=self._snapshot.deleted,
            seeds=frozenset(picked) - frozenset(history.videos.tolist()),
            requested_at=now_ms() if options.at is None else options.at,
            session=options.session,
            page=options.page,
            remote=consents(standing.choices, "remote_models", self._config.privacy),
            pseudonym=self._store.pseudonym_of(user_id) if user_id else "",
        )
        return self._with_user_state(query, standing, options)

    def needs_no_model(
        self, standing: UserState, places: int, text: str = "", name: str = ""
    ) -> bool:
        """Whether a list is short, counted to the end of its page, and waits for no model: no
        sentence is to be read, what makes it is ready, and no model that writes is asked."""
        sentences = text.strip() or saved_query(standing) or standing.preferences
        return places <= SHORT and not sentences and self.recommenders.is_ready(name)

    def _with_user_state(self, query: Query, standing: UserState, options: RequestOptions) -> Query:
        """Age, groups, wishes and impressions; nothing of a forgotten viewer."""
        if query.user_id is None or standing.forgotten:
            return (
                query
                if options.attributes is None
                else replace(query, attributes=options.attributes)
            )
        return query.replace(
            attributes=options.attributes or standing.attributes,
            preferences=self._parsed(standing.preferences),
            impressions=self._impressions(query.user_id, standing, query.history),
        )

    def preferences(self, user_id: str) -> tuple[ParsedPreference, ...]:
        """What a viewer asked for more or less of, read."""
        return self._parsed(self._store.preferences_of(user_id))

    def _parsed(self, edits: Sequence[Preference]) -> tuple[ParsedPreference, ...]:
        read = self.embed_query if edits and self.catalogue.text.any() else None
        return parse_preferences(list(edits), self.catalogue, read)

    def _impressions(self, user_id: str, standing: UserState, history: History) -> dict[int, int]:
        if not self._personal(standing):
            return {}
        live = [e for e in standing.events if e.event == IMPRESSION]
        before = self._snapshot.impressions.get(self._store.pseudonym_of(user_id), ())
        shown = [*before, *((e.video_id, e.timestamp) for e in live)]
        return impressions_since_watch(shown, history, self.catalogue)

    def profile(self, user_id: str) -> Profile:
        """What a viewer likes, in words, with the videos that show it."""
        standing = self._store.user_state(user_id, self._snapshot.live_until)
        query = self.recommender.named(self.query_from_state(user_id, standing, 1))
        section = self._config.recommend
        history = visible_history(query)
        found = profile_of(
            self.catalogue, user_id, history, query.preferences, section.profile_min_events
        )
        return self._llm_profile(found, standing) if section.llm_profiles else found

    def _llm_profile(self, profile: Profile, standing: UserState) -> Profile:
        """The sentence by the configured model, where the viewer lets it know."""
        leaves = self._config.language.generation.model != "local"
        if leaves and not consents(standing.choices, "remote_models", self._config.privacy):
            return replace(profile, reason="this viewer has not agreed to `remote_models`")
        writer = self._snapshot.generator
        if writer is None:
            return replace(profile, reason="no model that writes: language.generation.model")
        return llm_profile(profile, writer)

    def recommend(
        self, user_id: str | None, k: int, text: str = "", options: RequestOptions = DEFAULT_OPTIONS
    ) -> Picks:
        return self.recommender.recommend(self.query(user_id, k, text, options))

    def allowed(self, user_id: str | None) -> Bools:
        """(n,) what the rules that protect let this viewer (or anybody) see now."""
        allowed = self.recommender.protected(self.query(user_id, 1))
        allowed[list(self._snapshot.deleted)] = False
        return allowed

    def similar(self, video_id: str, k: int, user_id: str | None = None) -> Picks:
        """Only what the rules that protect let this viewer (or anybody) see."""
        row = self.row(video_id)
        if k < 1:
            raise InputError(f"A list cannot have {k} entries.", "Ask for 1 or more: --k 10.")
        allowed = self.allowed(user_id)
        if not allowed[row] and user_id is not None:
            allowed = np.zeros_like(allowed)
        found = similar(self.catalogue, self.model, row, k, allowed)
        return found if len(found) else no_similar(user_id)

    def search(self, sentence: str, k: int) -> Picks:
        """Videos near a sentence, for nobody in particular."""
        query = replace(self.query(None, k, sentence), literal=True)
        return self.recommender.recommend(query)

    def explain(self, user_id: str, video_id: str) -> Explanation:
        shelves = StepContext(self.catalogue, self.model, self._config.recommend)
        row = self.row(video_id)
        query = self.recommender.named(self.query(user_id, self._config.recommend.k))
        if not self.recommender.protected(query)[row]:
            raise InputError(
                f"The viewer '{user_id}' may not see the video '{video_id}'.",
                "Groups, age, region, hours and what was blocked decide: docs/recommend.md.",
            )
        return explanation(shelves, query, row, self.recommender.rows)

    def about_video(self, video_id: str) -> dict[str, Any]:
        """What was read, seen, heard and understood of one video."""
        return video_facts(self._snapshot, self.row(video_id), self._config.privacy.min_group_size)

    def about_user(self, user_id: str) -> dict[str, Any]:
        """What is known of one viewer: counts, topics, latest videos."""
        history = visible_history(self.recommender.named(self.query(user_id, 1)))
        wishes = [edit.text for edit in self._store.preferences_of(user_id)]
        if not len(history) and not wishes:
            raise InputError(
                f"Nothing is known of a video, a viewer or a stage called '{user_id}'.",
                "`vireo list videos` and `vireo list users` show who is there; `vireo build` takes"
                " in what was ingested since.",
            )
        liked = history.positives.videos
        topics = [self.catalogue.topics[row] or "(no topic)" for row in liked]
        shares = pl.Series("topic", topics).value_counts(sort=True).head(8)
        newest = dict.fromkeys(history.videos[::-1].tolist())
        latest = [self.catalogue.titles[row] for row in list(newest)[:10]]
        counts = shares.with_columns(share=pl.col("count") / max(len(liked), 1))
        words = self.profile(user_id)
        return {
            "user_id": user_id,
            "interactions": len(history),
            "positives": len(liked),
            "topics": [
                {"topic": r["topic"], "share": round(r["share"], 3)} for r in counts.to_dicts()
            ],
            "latest": latest,
            "summary": words.sentence,
            "summary_by": f"{words.author} ({words.reason})" if words.reason else words.author,
            "preferences": wishes,
        }


def saved_query(standing: UserState) -> str:
    """The sentence that the viewer left to steer every list; empty where there is none."""
    return str(standing.choices.get("query", "")) if not standing.forgotten else ""
