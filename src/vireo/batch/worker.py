"""BatchWorker: loads a build once and computes the lists of any range of users."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from vireo.artifacts import ArtifactStore
from vireo.behavior.base import Histories
from vireo.behavior.history_shards import HistoryShards
from vireo.config import Config
from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.serial import Serial
from vireo.errors import NotBuilt
from vireo.recommend.base import Query, Slate
from vireo.recommend.recommender import Recommender, shown_scores
from vireo.serving.online import OnlineRecommender
from vireo.serving.request import IMPRESSION, Impression, RequestOptions
from vireo.serving.snapshot import BuildSnapshot
from vireo.serving.unlearning import without_users
from vireo.store.base import Store, UserAttributes, UserState
from vireo.store.sql import open_store

USERS_PER_QUERY = 100_000
"""Viewers whose ids are looked at together."""


@dataclass(frozen=True)
class BatchJob:
    """Parameters of a batch of lists; small, because each worker gets a copy."""

    workspace: str
    stages: tuple[tuple[str, str], ...]
    """(stage, artefact id) of the build."""
    k: int
    settings: str
    """The config, as JSON."""
    at: int
    """Time of all requests (ms since 1970 UTC), kept after a kill."""
    with_reasons: bool = False
    """Compute each list separately, with reasons."""

    @classmethod
    def of(
        cls,
        workspace: Path,
        stages: Mapping[str, str],
        config: Config,
        k: int,
        at: int,
        with_reasons: bool,
    ) -> BatchJob:
        """The job for a published build (stage -> artifact id)."""
        settings = config.model_dump_json(exclude_unset=True)
        return cls(str(workspace), tuple(sorted(stages.items())), k, settings, at, with_reasons)


@dataclass(frozen=True)
class ShardResult:
    """The lists of a shard, flat, and the accounting of its viewers."""

    columns: Mapping[str, Sequence[Any]]
    counts: Mapping[str, int]


@lru_cache(maxsize=1)
def cached_worker(work: BatchJob) -> BatchWorker:
    """The worker of this process, kept from shard to shard."""
    return BatchWorker(work)


class BatchWorker:
    """One build, one database, one recommender."""

    def __init__(self, work: BatchJob) -> None:
        self.job = work
        self._root = Path(work.workspace)

    @cached_property
    def shards(self) -> HistoryShards:
        """The histories, a range at a time."""
        return HistoryShards(self._manifests["behavior"].directory)

    @cached_property
    def _manifests(self) -> dict[str, Any]:
        artifacts = ArtifactStore(self._root / "artifacts")
        found = {stage: artifacts.find(stage, id_) for stage, id_ in self.job.stages}
        for stage, manifest in found.items():
            if manifest is None:
                raise NotBuilt(f"The artefact of '{stage}' is gone.", "Run `vireo build` again.")
        return found

    @cached_property
    def _config(self) -> Config:
        return Config.of(json.loads(self.job.settings))

    @cached_property
    def _store(self) -> Store:
        return open_store(self._config.store, self._root)

    @cached_property
    def _snapshot(self) -> BuildSnapshot:
        """The build without the viewers who were forgotten after it."""
        engine = Serial(EngineSection(name="serial"))
        context = Context(engine, self._root / "cache", NullProgress(), self._config.seed)
        base = BuildSnapshot(self._manifests, self._config, context)
        parts = [self._gone(at) for at in range(0, len(self.shards), USERS_PER_QUERY)]
        gone = [user for part in parts for user in part.user_ids]
        if not gone:
            return base
        left = base.replace(histories=_one_after_the_other(parts, self.shards.now))
        return without_users(left, gone, self._config.interest.recent_days)

    def _gone(self, start: int) -> Histories:
        """The forgotten among some viewers."""
        users = self.shards.users(start, min(start + USERS_PER_QUERY, len(self.shards)))
        gone = self._store.forgotten_among(users)
        if not gone:
            return self.shards.part(start, start)
        part = self.shards.part(start, start + len(users))
        return _some(part, [row for row, user in enumerate(users) if user in gone])

    @cached_property
    def _recommender(self) -> Recommender:
        return OnlineRecommender(self._snapshot, self._config, self._store).recommender

    def lists(self, start: int, stop: int) -> ShardResult:
        """The lists of the viewers in these rows."""
        part = self.shards.part(start, stop)
        standings = self._store.user_states(part.user_ids, self._snapshot.live_until)
        served = self._served(part)
        users = [
            user for user in part.user_ids if user not in standings or not standings[user].forgotten
        ]
        ask = RequestOptions(at=self.job.at)
        names = (
            "user_id",
            "rank",
            "video_id",
            "score",
            *(["reason"] if self.job.with_reasons else []),
        )
        columns: dict[str, list[Any]] = {name: [] for name in names}
        counts = {"in_blocks": 0, "one_by_one": 0, "empty": 0}
        for at in range(0, len(users), self._recommender.block_size):
            some = users[at : at + self._recommender.block_size]
            states = [standings.get(user) or UserState(UserAttributes(user)) for user in some]
            asked = [
                served.queries.from_state(user, standing, self.job.k, options=ask)
                for user, standing in zip(some, states, strict=True)
            ]
            for user, (slate, in_block) in zip(some, self._slates(asked), strict=True):
                counts["in_blocks" if in_block else "one_by_one"] += 1
                counts["empty"] += not len(slate)
                self._add(columns, user, slate)
        return ShardResult(columns, {**counts, "forgotten": len(part) - len(users)})

    def _slates(self, asked: list[Query]) -> list[tuple[Slate, bool]]:
        if not self.job.with_reasons:
            return self._recommender.slates(asked)
        return [(self._recommender.slate(query), False) for query in asked]

    def _add(self, columns: dict[str, list[Any]], user: str, slate: Slate) -> None:
        ids = self._snapshot.catalogue.ids
        columns["user_id"].extend([user] * len(slate))
        columns["rank"].extend(range(1, len(slate) + 1))
        columns["video_id"].extend(ids[video] for video in slate.videos.tolist())
        columns["score"].extend(shown_scores(slate.scores))
        if self.job.with_reasons:
            columns["reason"].extend(reason.text for reason in slate.reasons)

    def _served(self, part: Histories) -> OnlineRecommender:
        """Recommender for these users only."""
        snapshot = self._snapshot.replace(histories=part, impressions=self._shown(part.user_ids))
        return OnlineRecommender(snapshot, self._config, self._store)

    def _shown(self, users: Sequence[str]) -> dict[str, list[Impression]]:
        """User -> every impression in the tables."""
        if not self._impressions:
            return {}
        shown: dict[str, list[Impression]] = {}
        events = self._events.filter(pl.col("user_id").is_in(list(users)))
        columns = events.select("user_id", "video_id", "timestamp").collect()
        for user, video, moment in columns.iter_rows():
            shown.setdefault(user, []).append((video, moment))
        return shown

    @property
    def _events(self) -> pl.LazyFrame:
        table = self._manifests["data"].directory / "events.parquet"
        return pl.scan_parquet(table).filter(pl.col("event") == IMPRESSION)

    @cached_property
    def _impressions(self) -> bool:
        """Whether the tables tell of any."""
        return bool(self._events.select(pl.len()).collect().item())


def _some(part: Histories, rows: list[int]) -> Histories:
    """Only the viewers in these rows."""
    return _one_after_the_other([_row(part, row) for row in rows], part.now)


def _row(part: Histories, row: int) -> Histories:
    own = slice(part.offsets[row], part.offsets[row + 1])
    arrays = (part.videos[own], part.weights[own], part.times[own], part.sessions[own])
    offsets = np.array([0, len(arrays[0])])
    return Histories((part.user_ids[row],), part.n_videos, offsets, *arrays, report=part.report)


def _one_after_the_other(parts: Sequence[Histories], now: int) -> Histories:
    counts = [length for part in parts for length in np.diff(part.offsets).tolist()]
    names = ("videos", "weights", "times", "sessions")
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in names
    }
    users = tuple(user for part in parts for user in part.user_ids)
    offsets = np.cumsum([0, *counts]).astype(np.int64)
    joined = Histories(users, parts[0].n_videos, offsets, report=parts[0].report, **arrays)
    return replace(joined, clock=now)
