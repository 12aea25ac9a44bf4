"""A published build with later changes: new, edited and deleted videos, newer counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from vireo.arrays import Floats, Ints, unit_rows
from vireo.behavior.base import Histories
from vireo.data.base import Tables
from vireo.data.online_rows import media_rows, video_rows
from vireo.interest.base import InterestModel
from vireo.interest.content_space import new_item_rows
from vireo.interest.new_items import with_new_items
from vireo.language import VideoTexts, texts_of
from vireo.language.generate import Generator
from vireo.recommend.catalogue import TERMS, Catalogue
from vireo.server.memory_sharing import with_unit_rows
from vireo.serving.request import Impression
from vireo.serving.snapshot import BuildSnapshot
from vireo.store.base import LiveVideo, VideoChange
from vireo.understanding.base import Understanding
from vireo.video.base import VideoFeatures

_SHOWN = ("video_id", "title", "creator", "category", "published_at")


@dataclass(frozen=True)
class LiveSnapshot:
    """A build snapshot with live videos: rows of the build first, new videos after them."""

    base: BuildSnapshot
    tables: Tables
    catalogue: Catalogue
    model: InterestModel
    deleted: frozenset[int] = frozenset()

    @property
    def histories(self) -> Histories:
        return self.base.histories

    @property
    def understanding(self) -> Understanding:
        return self.base.understanding

    @property
    def video(self) -> VideoFeatures:
        return self.base.video

    @property
    def live_until(self) -> int:
        return self.base.live_until

    @property
    def impressions(self) -> Mapping[str, Sequence[Impression]]:
        return self.base.impressions

    @property
    def generator(self) -> Generator | None:
        return self.base.generator

    def embed_query(self, sentence: str) -> Floats:
        return self.base.embed_query(sentence)

    def counting(self, viewers: Ints, recent: Ints) -> LiveSnapshot:
        """The same with newer counts of viewers, each (n,)."""
        return replace(self, catalogue=self.catalogue.with_counts(viewers, recent))


def overlay(base: BuildSnapshot, changes: Sequence[VideoChange]) -> LiveSnapshot:
    """The build and the changes that it has not taken in yet."""
    fresh = [change for change in changes if change.position > base.videos_until]
    put = [change.video for change in fresh if not change.deleted]
    find = base.catalogue.find
    deleted = (find(change.video.video_id) for change in fresh if change.deleted)
    gone = frozenset(row for row in deleted if row is not None)
    if not put:
        return LiveSnapshot(base, base.tables, base.catalogue, base.model, gone)
    edited = [video for video in put if find(video.video_id) is not None]
    new = [video for video in put if find(video.video_id) is None]
    rows = [base.catalogue.row(video.video_id) for video in edited]
    vectors = base.embed_videos(_texts(base, [*edited, *new]))
    moved, added = vectors[: len(edited)], vectors[len(edited) :]
    model = _model(base, rows, moved, added)
    tables = _tables(base.tables, edited, new)
    catalogue = _catalogue(base, tables, model, rows, moved, added)
    return LiveSnapshot(base, tables, catalogue, with_unit_rows(model, catalogue), gone)


def _texts(base: BuildSnapshot, videos: Sequence[LiveVideo]) -> VideoTexts:
    """Their texts; the dialogue of an edited video is the one that its file holds."""
    ids = [video.video_id for video in videos]
    return texts_of(video_rows(videos), base.video.dialogue.filter(pl.col("video_id").is_in(ids)))


def _tables(tables: Tables, edited: Sequence[LiveVideo], new: Sequence[LiveVideo]) -> Tables:
    changed = tables.videos.update(video_rows(edited), on="video_id", include_nulls=True)
    videos = pl.concat([changed, video_rows(new)])
    names = [video.video_id for video in (*edited, *new)]
    kept = tables.media.filter(~pl.col("video_id").is_in(names))
    media = pl.concat([kept, media_rows([*edited, *new])], how="diagonal")
    return replace(tables, frames={**tables.frames, "videos": videos, "media": media})


def _model(base: BuildSnapshot, rows: Sequence[int], moved: Floats, added: Floats) -> InterestModel:
    content = base.model.content
    width = content.shape[1]
    new_rows = new_item_rows(base.understanding, added, width)
    edits = new_item_rows(base.understanding, moved, width)
    text = moved.shape[1]
    changed = {
        row: _retold(content[row], edit, text) for row, edit in zip(rows, edits, strict=True)
    }
    return with_new_items(base.model, new_rows, changed)


def _retold(old: Floats, edit: Floats, text: int) -> Floats:
    """The row of an edited video: new words, the picture and the sound of before. (d,)"""
    words = float(np.linalg.norm(old[:text])) or 1.0
    row = np.concatenate([words * edit[:text], old[text:]])
    return np.asarray(unit_rows(row[None])[0], dtype=np.float32)


def _catalogue(
    base: BuildSnapshot,
    tables: Tables,
    model: InterestModel,
    rows: Sequence[int],
    moved: Floats,
    added: Floats,
) -> Catalogue:
    old = base.catalogue
    topics = [*old.topics, *[None] * len(added)]
    table = tables.videos.select(*_SHOWN, pl.Series("topic", topics, dtype=pl.String)).with_columns(
        pl.col("title").fill_null(pl.col("video_id"))
    )
    text = np.vstack([old.text, added]).astype(np.float32)
    text[list(rows)] = moved
    zeros = np.zeros(len(added), dtype=np.int64)
    return replace(
        old,
        table=table,
        topic_of=np.concatenate([old.topic_of, zeros - 1]),
        user_counts=np.concatenate([old.user_counts, zeros]),
        recent_counts=np.concatenate([old.recent_counts, zeros]),
        content=model.content,
        text=text,
        given_terms=tables.videos.select(list(TERMS)),
    )
