"""A workspace with an altered future: events after the cutoff are permuted or removed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from vireo.artifacts import ArtifactStore
from vireo.data.base import Split, Tables
from vireo.data.online_rows import event_rows
from vireo.data.readers import RAW_SCHEMAS, conform, empty
from vireo.data.readers.events import comments_of
from vireo.data.sources import Sources
from vireo.pipeline import BuildContext
from vireo.store.base import Store, StoreSection
from vireo.store.sql import open_store

Frames = Mapping[str, pl.DataFrame]
Future = Literal["shuffled", "deleted"]
REUSED = ("video", "encoder")
"""Artefacts that never see an event: linked, not built again."""
_MOVED = ("video_id", "value", "watch_seconds")
"""Columns that are permuted among late events; users and times stay."""


@dataclass
class AlteredFuture:
    """Rewrites sources and live events. `tables` are those of the real split."""

    split: Split
    tables: Tables
    future: Future
    seed: int
    really: int = 0
    """How far the numbering of events has come, in truth."""
    here: int = 0
    """And in this world, where a source may end earlier."""

    def build_context(self, real: BuildContext, directory: Path) -> BuildContext:
        """A build context in an empty directory. Live events become a source like others."""
        for name in REUSED:
            home = real.artifacts.root / name
            if home.is_dir():
                shutil.copytree(home, directory / "artifacts" / name, copy_function=os.link)
        cache = directory / "cache"
        cache.mkdir()
        return replace(
            real,
            context=replace(real.context, cache=cache),
            artifacts=ArtifactStore(directory / "artifacts"),
            sources=Sources.written(directory / "sources", self._sources(real)),
            store=open_store(StoreSection(), directory),
        )

    def _sources(self, real: BuildContext) -> Iterator[tuple[Frames, Mapping[str, Any]]]:
        named = self.tables.videos
        for source in real.sources.all():
            frames: dict[str, pl.DataFrame] = {n: source.frame(n) for n in RAW_SCHEMAS}
            if not named.is_empty() and self.really == 0 and frames["videos"].is_empty():
                frames["videos"] = conform(named, "videos")  # or events would make the catalogue
                named = named.clear()
            yield self._changed(frames, real.store), source.report
        live = event_rows([pair for batch in real.store.events() for pair in batch])
        comments = comments_of(live)
        whole = {name: empty(name) for name in RAW_SCHEMAS}
        whole |= {"events": live.drop("text"), "comments": comments}
        yield self._changed(whole, real.store), {"format": "live", "origin": "", "tables": {}}

    def _changed(self, frames: Frames, store: Store) -> Frames:
        """One source with another future. Every row keeps the number that it really has."""
        events = _known(frames["events"], store)
        changed = self._events(events, self._late(events))
        changed = changed.with_columns(pl.col("sequence") + (self.really - self.here))
        self.really += _last(frames["events"])
        self.here += _last(changed)
        comments = self._comments(_known(frames["comments"], store))
        return {**frames, "events": changed, "comments": comments}

    def _late(self, events: pl.DataFrame) -> pl.Series:
        if self.split.protocol == "time":
            return (events["timestamp"] >= self.split.cutoff).fill_null(value=False)
        held = self.tables.heldout["sequence"].implode()
        return (events["sequence"] + self.really).is_in(held)

    def _events(self, events: pl.DataFrame, late: pl.Series) -> pl.DataFrame:
        if self.future == "deleted":
            return events.filter(~late)
        rows = np.flatnonzero(late.to_numpy())
        order = np.arange(len(events))
        order[rows] = np.random.default_rng(self.seed).permutation(rows)
        return events.with_columns(events[name].gather(order) for name in _MOVED)

    def _comments(self, comments: pl.DataFrame) -> pl.DataFrame:
        """No comment of the future is there in this world."""
        if self.split.protocol == "time":
            late = (comments["timestamp"] >= self.split.cutoff).fill_null(value=False)
            return comments.filter(~late)
        key = ["user_id", "video_id", "timestamp"]
        held = self.tables.heldout.select(key)
        return comments.join(held, on=key, how="anti", nulls_equal=True, maintain_order="left")


def _known(rows: pl.DataFrame, store: Store) -> pl.DataFrame:
    """Without erased users, who are unknown to the store of the altered future."""
    gone = store.forgotten_among(rows["user_id"].drop_nulls().unique().to_list())
    return rows.filter(~pl.col("user_id").is_in(list(gone))) if gone else rows


def _last(events: pl.DataFrame) -> int:
    return 0 if events.is_empty() else int(str(events["sequence"].max()))
