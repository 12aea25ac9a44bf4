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
from vireo.behavior.online_weights import Lately
from vireo.config import Config
from vireo.data.base import Tables
from vireo.errors import InputError, UnknownVideo
from vireo.interest.base import InterestModel
from vireo.privacy.base import consents
from vireo.recommend.base import Query, Wish
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.context import Shelves
from vireo.recommend.explain.explanation import Explanation, explanation
from vireo.recommend.profile.llm_summary import written
from vireo.recommend.profile.preferences import wishes_of
from vireo.recommend.profile.summary import Profile, profile_of
from vireo.recommend.recommender import Picks, Recommender
from vireo.recommend.similar import nothing_like_it, similar
from vireo.serving.details import date_of, video_facts
from vireo.serving.recommenders import Recommenders
from vireo.serving.request import (
    ANYTHING,
    IMPRESSION,
    Ask,
    moment_of_asking,
    nameable,
    since_last_met,
    with_picked,
)
from vireo.serving.snapshot import Nouns
from vireo.store.base import Edit, LiveEvent, Standing, Store, Viewer
from vireo.understanding.base import Understanding
from vireo.video.base import VideoFeatures

SHORT = 100
"""Places of a list that takes little longer than one of ten."""


class Served:
    """Answers from one set of nouns; many threads may ask at once."""

    def __init__(
        self, nouns: Nouns, config: Config, store: Store, before: Served | None = None
    ) -> None:
        self.recommenders: Recommenders = Recommenders(
            nouns, config, before.recommenders if before else None
        )
        self._nouns = nouns
        self._config = config
        self._store = store

    @property
    def tables(self) -> Tables:
        return self._nouns.tables

    @property
    def histories(self) -> Histories:
        return self._nouns.histories

    @property
    def model(self) -> InterestModel:
        return self._nouns.model

    @property
    def catalogue(self) -> Catalogue:
        return self._nouns.catalogue

    @property
    def understanding(self) -> Understanding:
        return self._nouns.understanding

    @property
    def video(self) -> VideoFeatures:
        return self._nouns.video

    @property
    def recommender(self) -> Recommender:
        """The one of the settings as they are."""
        return self.recommenders.named()

    def history(self, user_id: str) -> History:
        """What is known of a viewer: the built history and the live events since."""
        standing = self._store.standing(user_id, self._nouns.live_until)
        return self.history_of(user_id, standing)

    def history_of(self, user_id: str, standing: Standing) -> History:
        """The same, where the database was asked already. Nothing without consent."""
        if standing.forgotten or not self._personal(standing):
            return History.empty()
        built = self.histories.of(self._store.known_as(user_id))
        fresh = self.weighed(standing.events)
        if not len(fresh):
            return built
        return History(
            np.concatenate([built.videos, fresh.videos]),
            np.concatenate([built.weights, fresh.weights]),
            np.concatenate([built.times, fresh.times]),
        )

    def _personal(self, standing: Standing) -> bool:
        """Whether lists may be made from what the viewer did."""
        return consents(standing.choices, "personal_lists", self._config.privacy)

    def weighed(self, events: Sequence[LiveEvent]) -> History:
        """One viewer's live events, weighed as a build would."""
        return self._lately.history(events, self.catalogue.find) if events else History.empty()

    @cached_property
    def _lately(self) -> Lately:
        durations = self.tables.videos["duration"].to_numpy()
        return Lately.after(self.histories, self._config.behavior, durations)

    def videos(self) -> list[dict[str, Any]]:
        """The catalogue, with what became of each file."""
        files = self.video.table.select("video_id", file="status", why="reason")
        rows = self.catalogue.table.join(files, "video_id", "left", maintain_order="left")
        there = (row for at, row in enumerate(rows.to_dicts()) if at not in self._nouns.gone)
        return [{**row, "published_at": date_of(row["published_at"])} for row in there]

    def users(self) -> list[str]:
        """Every viewer that behaviour is known of, less those who are forgotten."""
        known = list(self.histories.user_ids)
        gone = self._store.forgotten_among(known)
        return [user for user in known if user not in gone]

    def read(self, sentence: str) -> Floats:
        """A sentence -> its vector in the space of the text vectors. -> (d,)"""
        return self._nouns.read(sentence)

    def row(self, video_id: str) -> int:
        """The row of a video that is there; raises UnknownVideo."""
        row = self.catalogue.row(video_id)
        if row in self._nouns.gone:
            raise UnknownVideo(
                f"The video '{video_id}' was deleted.", "PUT it again to bring it back."
            )
        return row

    def query(self, user_id: str | None, k: int, like: str = "", ask: Ask = ANYTHING) -> Query:
        """Check the question and look the viewer up."""
        if user_id is None:
            return self.query_of(None, Standing(Viewer("")), k, like, ask)
        standing = self._store.standing(user_id, self._nouns.live_until)
        return self.query_of(user_id, standing, k, like, ask)

    def query_of(
        self,
        user_id: str | None,
        standing: Standing,
        k: int,
        like: str = "",
        ask: Ask = ANYTHING,
        history: History | None = None,
    ) -> Query:
        """The query of a viewer of whom the database was asked already."""
        if k < 1:
            raise InputError(f"A list cannot have {k} entries.", "Ask for 1 or more: --k 10.")
        if history is None:
            history = self.history_of(user_id, standing) if user_id else History.empty()
        now = max(self.histories.now, int(history.times.max(initial=NO_TIME)))
        if ask.context:
            history = with_picked(history, [self.row(ask.context)], now)
        wish = like.strip() or taste_of(standing)
        picked = [self.row(video) for video in ask.picked]
        query = Query(
            user_id,
            with_picked(history, picked, now),
            k,
            wish,
            self.read(wish) if wish else None,
            now,
            exclude=self._nouns.gone,
            picked=frozenset(picked) - frozenset(history.videos.tolist()),
            asked_at=moment_of_asking() if ask.at is None else ask.at,
            session=ask.session,
            page=ask.page,
            remote=consents(standing.choices, "remote_models", self._config.privacy),
            known_as=self._store.known_as(user_id) if user_id else "",
        )
        return self._with_what_is_told(query, standing, ask)

    def quick(self, standing: Standing, places: int, like: str = "", name: str = "") -> bool:
        """Whether a list is short, counted to the end of its page, and waits for no model: no
        sentence is to be read, what makes it is ready, and no model that writes is asked."""
        sentences = like.strip() or taste_of(standing) or standing.edits
        return places <= SHORT and not sentences and self.recommenders.at_hand(name)

    def _with_what_is_told(self, query: Query, standing: Standing, ask: Ask) -> Query:
        """Age, groups, wishes and impressions; nothing of a forgotten viewer."""
        if query.user_id is None or standing.forgotten:
            return query if ask.viewer is None else replace(query, viewer=ask.viewer)
        return query.changed(
            viewer=ask.viewer or standing.viewer,
            wishes=self._wishes(standing.edits),
            impressions=self._impressions(query.user_id, standing, query.history),
        )

    def wishes(self, user_id: str) -> tuple[Wish, ...]:
        """What a viewer asked for more or less of, read."""
        return self._wishes(self._store.edits_of(user_id))

    def _wishes(self, edits: Sequence[Edit]) -> tuple[Wish, ...]:
        read = self.read if edits and self.catalogue.text.any() else None
        return wishes_of(list(edits), self.catalogue, read)

    def _impressions(self, user_id: str, standing: Standing, history: History) -> dict[int, int]:
        if not self._personal(standing):
            return {}
        live = [e for e in standing.events if e.event == IMPRESSION]
        before = self._nouns.shown.get(self._store.known_as(user_id), ())
        shown = [*before, *((e.video_id, e.timestamp) for e in live)]
        return since_last_met(shown, history, self.catalogue)

    def profile(self, user_id: str) -> Profile:
        """What a viewer likes, in words, with the videos that show it."""
        standing = self._store.standing(user_id, self._nouns.live_until)
        query = self.recommender.named(self.query_of(user_id, standing, 1))
        section = self._config.recommend
        history = nameable(query)
        found = profile_of(self.catalogue, user_id, history, query.wishes, section.profile_events)
        return self._in_a_models_words(found, standing) if section.written_profiles else found

    def _in_a_models_words(self, profile: Profile, standing: Standing) -> Profile:
        """The sentence by the configured model, where the viewer lets it know."""
        leaves = self._config.language.generation.model != "local"
        if leaves and not consents(standing.choices, "remote_models", self._config.privacy):
            return replace(profile, reason="this viewer has not agreed to `remote_models`")
        writer = self._nouns.writer
        if writer is None:
            return replace(profile, reason="no model that writes: language.generation.model")
        return written(profile, writer)

    def recommend(self, user_id: str | None, k: int, like: str = "", ask: Ask = ANYTHING) -> Picks:
        return self.recommender.recommend(self.query(user_id, k, like, ask))

    def allowed(self, user_id: str | None) -> Bools:
        """(n,) what the rules that protect let this viewer (or anybody) see now."""
        allowed = self.recommender.protected(self.query(user_id, 1))
        allowed[list(self._nouns.gone)] = False
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
        return found if len(found) else nothing_like_it(user_id)

    def search(self, sentence: str, k: int) -> Picks:
        """Videos near a sentence, for nobody in particular."""
        query = replace(self.query(None, k, sentence), literal=True)
        return self.recommender.recommend(query)

    def explain(self, user_id: str, video_id: str) -> Explanation:
        shelves = Shelves(self.catalogue, self.model, self._config.recommend)
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
        return video_facts(self._nouns, self.row(video_id), self._config.privacy.min_people)

    def about_user(self, user_id: str) -> dict[str, Any]:
        """What is known of one viewer: counts, topics, latest videos."""
        history = nameable(self.recommender.named(self.query(user_id, 1)))
        wishes = [edit.text for edit in self._store.edits_of(user_id)]
        if not len(history) and not wishes:
            raise InputError(
                f"Nothing is known of a video, a viewer or a stage called '{user_id}'.",
                "`vireo list videos` and `vireo list users` show who is there; `vireo build` takes"
                " in what was ingested since.",
            )
        liked = history.liked.videos
        topics = [self.catalogue.topics[row] or "(no topic)" for row in liked]
        shares = pl.Series("topic", topics).value_counts(sort=True).head(8)
        newest = dict.fromkeys(history.videos[::-1].tolist())
        latest = [self.catalogue.titles[row] for row in list(newest)[:10]]
        counts = shares.with_columns(share=pl.col("count") / max(len(liked), 1))
        words = self.profile(user_id)
        return {
            "user_id": user_id,
            "interactions": len(history),
            "wanted": len(liked),
            "topics": [
                {"topic": r["topic"], "share": round(r["share"], 3)} for r in counts.to_dicts()
            ],
            "latest": latest,
            "in_words": words.sentence,
            "in_words_by": f"{words.author} ({words.reason})" if words.reason else words.author,
            "asked_for": wishes,
        }


def taste_of(standing: Standing) -> str:
    """The sentence that the viewer left to steer every list; empty where there is none."""
    return str(standing.choices.get("taste", "")) if not standing.forgotten else ""
