"""Served: what is published now, loaded once, answering for viewers and videos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from vireo.arrays import Floats
from vireo.behavior.base import NO_TIME, Histories, History
from vireo.behavior.build import histories_of
from vireo.config import Config
from vireo.data.base import Tables
from vireo.data.live import event_rows
from vireo.errors import InputError, UnknownVideo
from vireo.interest.base import InterestModel
from vireo.published import Nouns
from vireo.recommend.base import Query
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.explain.picture import Explanation, explanation
from vireo.recommend.recommender import Picks, Recommender
from vireo.recommend.shelves import Shelves
from vireo.recommend.similar import similar
from vireo.store.base import LiveEvent, Standing, Store
from vireo.understanding.base import Understanding
from vireo.video.base import VideoFeatures

LATEST = 250_000_000_000_000
"""Milliseconds: dates after the year 9800 cannot be written."""


class Served:
    """Answers from one set of nouns; many threads may ask at once."""

    def __init__(self, nouns: Nouns, config: Config, store: Store) -> None:
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

    @cached_property
    def recommender(self) -> Recommender:
        return Recommender(self.catalogue, self.model, self._config.recommend)

    def history(self, user_id: str) -> History:
        """What is known of a viewer: the built history and the live events since."""
        standing = self._store.standing(user_id, self._nouns.live_until)
        return self.history_of(user_id, standing)

    def history_of(self, user_id: str, standing: Standing) -> History:
        """The same, where the database was asked already. Nothing without consent."""
        if standing.forgotten or not consents(standing.profile):
            return History.empty()
        built = self.histories.of(user_id)
        fresh = self.weighed(standing.events)
        if not len(fresh):
            return built
        return History(
            np.concatenate([built.videos, fresh.videos]),
            np.concatenate([built.weights, fresh.weights]),
            np.concatenate([built.times, fresh.times]),
        )

    def weighed(self, events: Sequence[LiveEvent]) -> History:
        """One viewer's live events, weighed as a build would."""
        rows = {e.video_id: r for e in events if (r := self.catalogue.find(e.video_id)) is not None}
        known = [event for event in events if event.video_id in rows]
        if not known:
            return History.empty()
        built = self.histories
        some = np.array(sorted(set(rows.values())))  # the others need not be looked at
        weighed = histories_of(
            event_rows(list(enumerate(known))).drop("text"),
            self.tables.videos[some],
            self._config.behavior,
            now=built.now,
            rating_max=built.report.get("rating_max"),
        )
        history = weighed.of(known[0].user_id)
        return History(some[history.videos], history.weights, history.times)

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

    def query(self, user_id: str | None, k: int, like: str = "") -> Query:
        """Check the wishes and look the viewer up."""
        _check_length(k)
        if user_id is None:
            return self.query_of(None, History.empty(), k, like)
        standing = self._store.standing(user_id, self._nouns.live_until)
        wish = like.strip() or taste_of(standing)
        return self.query_of(user_id, self.history_of(user_id, standing), k, wish)

    def query_of(self, user_id: str | None, history: History, k: int, like: str = "") -> Query:
        """The query of a viewer whose history is given."""
        vector = self.read(like) if like.strip() else None
        now = max(self.histories.now, int(history.times.max(initial=NO_TIME)))
        exclude = self._nouns.gone
        return Query(user_id, history, k, like.strip(), vector, now, exclude=exclude)

    def recommend(self, user_id: str | None, k: int, like: str = "") -> Picks:
        return self.recommender.recommend(self.query(user_id, k, like))

    def similar(self, video_id: str, k: int) -> Picks:
        _check_length(k)
        gone = self._nouns.gone
        found = similar(self.catalogue, self.model, self.row(video_id), k + len(gone))
        left = [pick for pick in found if self.catalogue.row(pick.video_id) not in gone][:k]
        return Picks((replace(p, rank=n) for n, p in enumerate(left, start=1)), found.notes)

    def search(self, sentence: str, k: int) -> Picks:
        """Videos near a sentence, for nobody in particular."""
        return self.recommender.recommend(self.query(None, k, sentence))

    def explain(self, user_id: str, video_id: str) -> Explanation:
        shelves = Shelves(self.catalogue, self.model, self._config.recommend)
        row = self.row(video_id)
        return explanation(shelves, self.query(user_id, 1), row)

    def about_video(self, video_id: str) -> dict[str, Any]:
        """What was read, seen, heard and understood of one video."""
        row = self.row(video_id)
        facts = self.tables.videos.row(row, named=True)
        given = _filled({**facts, "published_at": date_of(facts["published_at"])})
        if row >= len(self.understanding.records):
            note = "It came after the last build: the next one looks at its file."
            return {"video_id": video_id, "given": given, "seen": {"status": note}}
        seen = self.video.table.row(row, named=True)
        lines = self.video.dialogue.filter(pl.col("video_id") == video_id)
        record = self.understanding.records[row]
        return {
            "video_id": video_id,
            "given": given,
            "seen": _filled(seen),
            "heard": lines.drop("video_id").head(5).to_dicts(),
            "understood": _filled({**record.__dict__, "topic": self.catalogue.topics[row]}),
            "viewers": int(self.catalogue.viewers[row]),
        }

    def about_user(self, user_id: str) -> dict[str, Any]:
        """What is known of one viewer: counts, topics, latest videos."""
        history = self.history(user_id)
        if not len(history):
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
        return {
            "user_id": user_id,
            "interactions": len(history),
            "wanted": len(liked),
            "topics": [
                {"topic": r["topic"], "share": round(r["share"], 3)} for r in counts.to_dicts()
            ],
            "latest": latest,
        }


def consents(profile: Mapping[str, Any]) -> bool:
    """Whether lists may be made from the viewer's behaviour; they may until the viewer objects."""
    return bool(profile.get("consent", {}).get("personal_lists", True))


def taste_of(standing: Standing) -> str:
    """The sentence that the viewer left to steer every list; empty where there is none."""
    return str(standing.profile.get("taste", "")) if not standing.forgotten else ""


def _check_length(k: int) -> None:
    if k < 1:
        raise InputError(f"A list cannot have {k} entries.", "Ask for 1 or more: --k 10.")


def _filled(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Only what says something; the id stands above."""
    empty: tuple[Any, ...] = (None, "", [], ())
    return {n: value for n, value in facts.items() if value not in empty and n != "video_id"}


def date_of(moment: int | None) -> str | None:
    """Milliseconds since 1970 UTC -> an ISO date."""
    if moment is None or abs(moment) > LATEST:
        return None
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)).date().isoformat()
