"""Served: what is published now, loaded once, answering for viewers and videos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from vireo.arrays import Floats
from vireo.artifacts import Manifest
from vireo.asking import (
    ANYTHING,
    IMPRESSION,
    Ask,
    Showing,
    moment_of_asking,
    nameable,
    since_last_met,
    with_picked,
)
from vireo.behavior.base import NO_TIME, Histories, History
from vireo.behavior.build import histories_of
from vireo.config import Config
from vireo.data.base import Tables
from vireo.data.live import event_rows
from vireo.engine import Context
from vireo.errors import InputError
from vireo.interest.base import InterestModel
from vireo.language import MODELS, LanguageModel
from vireo.pipeline import STAGES, load_noun
from vireo.pretraining.base import Checkpoint
from vireo.recommend.base import Query, Wish
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.explain.picture import Explanation, explanation
from vireo.recommend.profile.wishes import wishes_of
from vireo.recommend.profile.words import Profile, profile_of
from vireo.recommend.recommender import Picks, Recommender
from vireo.recommend.shelves import Shelves
from vireo.recommend.similar import similar
from vireo.store.base import LiveEvent, Store
from vireo.understanding.base import Understanding
from vireo.video.base import VideoFeatures

LATEST = 250_000_000_000_000
"""Milliseconds: dates after the year 9800 cannot be written."""


class Served:
    """Loads each artefact when it is first needed."""

    def __init__(
        self, manifests: Mapping[str, Manifest], config: Config, context: Context, store: Store
    ) -> None:
        self._manifests = manifests
        self._config = config
        self._context = context
        self._store = store

    def _noun(self, stage: str) -> Any:
        return load_noun(self._manifests[stage], STAGES[stage])

    @cached_property
    def tables(self) -> Tables:
        noun: Tables = self._noun("data")
        return noun

    @cached_property
    def histories(self) -> Histories:
        noun: Histories = self._noun("behavior")
        return noun

    @cached_property
    def model(self) -> InterestModel:
        noun: InterestModel = self._noun("interest")
        return noun

    @cached_property
    def catalogue(self) -> Catalogue:
        noun: Catalogue = self._noun("recommend")
        return noun

    @cached_property
    def understanding(self) -> Understanding:
        noun: Understanding = self._noun("understanding")
        return noun

    @cached_property
    def video(self) -> VideoFeatures:
        noun: VideoFeatures = self._noun("video")
        return noun

    @cached_property
    def recommender(self) -> Recommender:
        return Recommender(self.catalogue, self.model, self._config.recommend)

    @cached_property
    def language(self) -> LanguageModel:
        """The model that made the text vectors: tuned or base."""
        checkpoint: Checkpoint = self._noun("pretraining")
        section = self._config.language
        loaded: LanguageModel = MODELS.get(section.model)(section, self._context, checkpoint.model)
        return loaded

    def history(self, user_id: str) -> History:
        """What is known of a viewer: the built history and the live events since."""
        if self._store.is_forgotten(user_id):
            return History.empty()
        built = self.histories.of(user_id)
        built_in = int(self._manifests["data"].summary["events"]["live_until"])
        fresh = self._weighed(self._store.events_of(user_id, built_in))
        if not len(fresh):
            return built
        return History(
            np.concatenate([built.videos, fresh.videos]),
            np.concatenate([built.weights, fresh.weights]),
            np.concatenate([built.times, fresh.times]),
        )

    def _weighed(self, events: list[LiveEvent]) -> History:
        known = [e for e in events if e.video_id in self._known_ids]
        if not known:
            return History.empty()
        built = self.histories
        weighed = histories_of(
            event_rows(list(enumerate(known))).drop("text"),
            self.tables.videos,
            self._config.behavior,
            now=built.now,
            rating_max=built.report.get("rating_max"),
        )
        return weighed.of(known[0].user_id)

    @cached_property
    def _known_ids(self) -> frozenset[str]:
        return frozenset(self.catalogue.ids)

    def videos(self) -> list[dict[str, Any]]:
        """The catalogue, with what became of each file."""
        files = self.video.table.select("video_id", file="status", why="reason")
        rows = self.catalogue.table.join(files, "video_id", "left", maintain_order="left")
        return [{**row, "published_at": _date(row["published_at"])} for row in rows.to_dicts()]

    def users(self) -> list[str]:
        """Every viewer that behaviour is known of, less those who are forgotten."""
        known = list(self.histories.user_ids)
        gone = self._store.forgotten_among(known)
        return [user for user in known if user not in gone]

    def read(self, sentence: str) -> Floats:
        """A sentence -> its vector in the space of the text vectors. -> (d,)"""
        vector = self.language.embed([sentence])
        projected: Floats = self.understanding.project(vector)[0]
        return projected

    def query(self, user_id: str | None, k: int, like: str = "", ask: Ask = ANYTHING) -> Query:
        """Check the question and look the viewer up."""
        _check_length(k)
        history = self.history(user_id) if user_id is not None else History.empty()
        now = max(self.histories.now, int(history.times.max(initial=NO_TIME)))
        picked = [self.catalogue.row(video) for video in ask.picked]
        query = Query(
            user_id,
            with_picked(history, picked, now),
            k,
            like.strip(),
            self.read(like) if like.strip() else None,
            now,
            picked=frozenset(picked) - frozenset(history.videos.tolist()),
            asked_at=moment_of_asking() if ask.at is None else ask.at,
            session=ask.session,
            page=ask.page,
        )
        return query if user_id is None else self._with_what_is_told(query, user_id, ask)

    def _with_what_is_told(self, query: Query, user_id: str, ask: Ask) -> Query:
        """Age, groups, wishes and impressions; nothing of a forgotten viewer."""
        if self._store.is_forgotten(user_id):
            return query if ask.viewer is None else replace(query, viewer=ask.viewer)
        return replace(
            query,
            viewer=ask.viewer or self._store.viewer(user_id),
            wishes=self.wishes(user_id),
            impressions=self._impressions(user_id, query.history),
        )

    def wishes(self, user_id: str) -> tuple[Wish, ...]:
        """What a viewer asked for more or less of, read."""
        edits = self._store.edits_of(user_id)
        read = self.read if edits and self.catalogue.text.any() else None
        return wishes_of(edits, self.catalogue, read)

    def _impressions(self, user_id: str, history: History) -> dict[int, int]:
        built_in = int(self._manifests["data"].summary["events"]["live_until"])
        live = [e for e in self._store.events_of(user_id, built_in) if e.event == IMPRESSION]
        shown = [*self._shown.get(user_id, ()), *((e.video_id, e.timestamp) for e in live)]
        return since_last_met(shown, history, self.catalogue)

    @cached_property
    def _shown(self) -> dict[str, list[Showing]]:
        """User -> (video, moment) of every impression in the tables."""
        events = self.tables.events.filter(pl.col("event") == IMPRESSION)
        shown: dict[str, list[Showing]] = {}
        for user, video, moment in events.select("user_id", "video_id", "timestamp").iter_rows():
            shown.setdefault(user, []).append((video, moment))
        return shown

    def profile(self, user_id: str) -> Profile:
        """What a viewer likes, in words, with the videos that show it."""
        query = self.recommender.named(self.query(user_id, 1))
        return profile_of(
            self.catalogue,
            user_id,
            nameable(query),
            query.wishes,
            self._config.recommend.profile_events,
        )

    def recommend(self, user_id: str | None, k: int, like: str = "", ask: Ask = ANYTHING) -> Picks:
        return self.recommender.recommend(self.query(user_id, k, like, ask))

    def similar(self, video_id: str, k: int, user_id: str | None = None) -> Picks:
        """Only what the rules that protect let this viewer (or anybody) see."""
        row = self.catalogue.row(video_id)
        allowed = self.recommender.protected(self.query(user_id, k))
        if not allowed[row] and user_id is not None:
            allowed = np.zeros_like(allowed)
        return similar(self.catalogue, self.model, row, k, allowed)

    def search(self, sentence: str, k: int) -> Picks:
        """Videos near a sentence, for nobody in particular."""
        return self.recommender.recommend(self.query(None, k, sentence))

    def explain(self, user_id: str, video_id: str) -> Explanation:
        shelves = Shelves(self.catalogue, self.model, self._config.recommend)
        row = self.catalogue.row(video_id)
        query = self.recommender.named(self.query(user_id, self._config.recommend.k))
        if not self.recommender.protected(query)[row]:
            raise InputError(
                f"The viewer '{user_id}' may not see the video '{video_id}'.",
                "Their groups, age and region, and the video's, decide: docs/recommend.md.",
            )
        return explanation(shelves, query, row, self.recommender.rows)

    def about_video(self, video_id: str) -> dict[str, Any]:
        """What was read, seen, heard and understood of one video."""
        row = self.catalogue.row(video_id)
        facts = self.tables.videos.row(row, named=True)
        seen = self.video.table.row(row, named=True)
        lines = self.video.dialogue.filter(pl.col("video_id") == video_id)
        record = self.understanding.records[row]
        return {
            "video_id": video_id,
            "given": _filled({**facts, "published_at": _date(facts["published_at"])}),
            "seen": _filled(seen),
            "heard": lines.drop("video_id").head(5).to_dicts(),
            "understood": _filled({**record.__dict__, "topic": self.catalogue.topics[row]}),
            "viewers": int(self.catalogue.viewers[row]),
        }

    def about_user(self, user_id: str) -> dict[str, Any]:
        """What is known of one viewer: counts, topics, latest videos."""
        history = nameable(self.recommender.named(self.query(user_id, 1)))
        if not len(history):
            raise InputError(
                f"Nothing is known of a video, a viewer or a stage called '{user_id}'.",
                "`vireo list videos` and `vireo list users` show who is there; `vireo build` takes"
                " in what was ingested since.",
            )
        liked = history.liked.videos
        topics = [self.catalogue.topics[row] or "(no topic)" for row in liked]
        shares = pl.Series("topic", topics).value_counts(sort=True).head(8)
        latest = [self.catalogue.titles[row] for row in history.videos[::-1][:10]]
        counts = shares.with_columns(share=pl.col("count") / max(len(liked), 1))
        return {
            "user_id": user_id,
            "interactions": len(history),
            "wanted": len(liked),
            "topics": [
                {"topic": r["topic"], "share": round(r["share"], 3)} for r in counts.to_dicts()
            ],
            "latest": latest,
            "in_words": str(self.profile(user_id)),
            "asked_for": [edit.text for edit in self._store.edits_of(user_id)],
        }


def _check_length(k: int) -> None:
    if k < 1:
        raise InputError(f"A list cannot have {k} entries.", "Ask for 1 or more: --k 10.")


def _filled(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Only what says something; the id stands above."""
    empty: tuple[Any, ...] = (None, "", [], ())
    return {n: value for n, value in facts.items() if value not in empty and n != "video_id"}


def _date(moment: int | None) -> str | None:
    """Milliseconds since 1970 UTC -> an ISO date."""
    if moment is None or abs(moment) > LATEST:
        return None
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)).date().isoformat()
