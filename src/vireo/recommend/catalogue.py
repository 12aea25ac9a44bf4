"""Catalogue: metadata, user counts and vectors of all videos."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from safetensors.numpy import save_file

from vireo.arrays import Bools, Doubles, Floats, Ints, unit_rows
from vireo.artifacts.tensor_files import read_arrays
from vireo.behavior.base import NO_TIME
from vireo.data.base import VIDEO_SCHEMA
from vireo.errors import UnknownVideo
from vireo.recommend.cross_modal import CrossModalMap
from vireo.recommend.index.spec import IndexSpec, load_plans, save_plans
from vireo.recommend.label_index import Labels
from vireo.recommend.quotes import SCHEMA
from vireo.recommend.rank.lambdamart_model import LambdaMartModel
from vireo.recommend.text_preference.model import TextPreferenceModel

_SAME = 1e-6
"""Tolerance of a unit length in single precision."""
TERMS: dict[str, Any] = {
    name: VIDEO_SCHEMA[name]
    for name in (
        "tags",
        "language",
        "age_rating",
        "regions",
        "access",
        "available_from",
        "available_until",
        "series",
        "episode",
        "needs",
        "level",
        "schedule",
        "participants",
        "duration",
    )
}
"""Columns of the table of videos that rules read."""
KNOWN: dict[str, Any] = {**TERMS, **SCHEMA}
"""The same, and a line to quote."""


@dataclass(frozen=True)
class Catalogue:
    """Titles, topics, popularity and vectors of all videos."""

    table: pl.DataFrame
    """video_id, title, creator, category, topic (words, or null), published_at (ms, or null)."""
    topic_of: Ints
    """(n,) number of the topic, -1 for none."""
    user_counts: Ints
    """(n,) distinct users with a positive interaction."""
    recent_counts: Ints
    """(n,) the same within the last days that the data knows."""
    content: Floats
    """(n, d) the content space: text, picture, sound."""
    text: Floats
    """(n, d') text vectors, for sentences; zeros where a video has no text."""
    given_terms: pl.DataFrame = field(default_factory=pl.DataFrame)
    """Columns of KNOWN; a missing column is null."""
    index_specs: Mapping[str, IndexSpec] = field(default_factory=dict)
    """Expert -> its index, for catalogues that are too large to score every video."""
    trees: LambdaMartModel | None = None
    """The learned ranker, where one was trained."""
    text_preference: TextPreferenceModel | None = None
    """Text preference model, if training showed a gain."""
    cross_modal: CrossModalMap | None = None
    """Map from picture and sound to text vectors, if it could be fitted."""

    def __len__(self) -> int:
        return self.table.height

    @cached_property
    def ids(self) -> list[str]:
        return self.table["video_id"].to_list()

    @cached_property
    def titles(self) -> list[str]:
        return self.table["title"].to_list()

    @cached_property
    def topics(self) -> list[str | None]:
        return self.table["topic"].to_list()

    @cached_property
    def terms(self) -> pl.DataFrame:
        """All columns of KNOWN, one row per video."""
        rows = pl.DataFrame({"row": np.arange(len(self))})
        given = pl.concat([rows, self.given_terms], how="horizontal")
        return given.select(
            pl.col(name) if name in given.columns else pl.lit(None, kind).alias(name)
            for name, kind in {"row": pl.Int64, **KNOWN}.items()
        ).drop("row")

    @cached_property
    def _labels(self) -> dict[str, Labels]:
        return {}

    def labels(self, name: str) -> Labels:
        """Labels of a column of `terms` or `table`, cached."""
        if name not in self._labels:
            column = self.terms[name] if name in TERMS else self.table[name]
            # `user:Ana` is not `user:ana`: rights are compared letter by letter.
            self._labels[name] = Labels.of(column, exact=name == "access")
        return self._labels[name]

    @cached_property
    def published(self) -> Ints:
        """(n,) milliseconds since 1970 UTC, or NO_TIME."""
        return self.table["published_at"].fill_null(NO_TIME).to_numpy().astype(np.int64)

    @cached_property
    def minutes(self) -> Doubles:
        """(n,) length of each video, or NaN."""
        seconds = self.terms["duration"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        return np.asarray(seconds / 60.0)

    @cached_property
    def creator_of(self) -> Ints:
        """(n,) number of the creator, -1 for none."""
        return numbered(self.table["creator"])

    @cached_property
    def _creators(self) -> tuple[Ints, Ints]:
        """All rows by creator, newest first, and the start of each creator."""
        order = np.lexsort((-self.published, self.creator_of))
        numbers = np.arange(int(self.creator_of.max(initial=-1)) + 2)
        return order, np.searchsorted(self.creator_of[order], numbers)

    def by_creator(self, number: int) -> Ints:
        """The rows of one creator's videos, the newest first."""
        order, starts = self._creators
        return order[starts[number] : starts[number + 1]]

    def rows_of(self, ids: Iterable[str]) -> Ints:
        """The rows of those of the ids that are in the catalogue, in the order given."""
        known = [self._rows[video] for video in dict.fromkeys(ids) if video in self._rows]
        return np.array(known, dtype=np.int64)

    def rows_of_all(self, ids: Iterable[str]) -> list[int]:
        """The row of every id, -1 for one that is not in the catalogue."""
        return [self._rows.get(video, -1) for video in ids]

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {video: row for row, video in enumerate(self.ids)}

    def near(self, vector: Floats) -> Floats:
        """(n,) similarity to a sentence (d,), by text and by picture.

        A missing text or picture counts as the mean of the others.
        """
        similarity: Floats = self.text @ vector
        if self.cross_modal is None:
            return similarity
        centered, spread = self._centered(similarity)
        return centered + spread * self.cross_modal.scores(vector, len(self))

    def by_picture(self, vector: Floats) -> Bools | None:
        """(n,) videos closer to a sentence by picture than by text; None without a map."""
        if self.cross_modal is None:
            return None
        centered, spread = self._centered(self.text @ vector)
        return np.asarray(spread * self.cross_modal.scores(vector, len(self)) > centered)

    def _centered(self, similarity: Floats) -> tuple[Floats, float]:
        """(n,) minus the mean over videos with text, 0 without text; and the deviation."""
        described = similarity[self.has_text]
        centered = np.where(self.has_text, similarity - described.mean(), 0.0).astype(np.float32)
        return centered, float(described.std())

    @cached_property
    def has_text(self) -> Bools:
        """(n,) which videos have any text."""
        return np.asarray(self.text.any(axis=1))

    @cached_property
    def unit_content(self) -> Floats:
        """Rows of `content` at length 1 (zeros stay zeros), for similarity."""
        lengths = np.sqrt(np.einsum("nd,nd->n", self.content, self.content))  # without a copy
        if np.all((np.abs(lengths - 1) < _SAME) | (lengths == 0)):
            return self.content  # a second copy takes 250 MB with 100,000 videos
        return unit_rows(self.content)

    def with_counts(self, viewers: Ints, recent: Ints) -> Catalogue:
        """A copy with newer user counts; cached properties are kept."""
        other = replace(self, user_counts=viewers, recent_counts=recent)
        own = {entry.name for entry in fields(self)}
        other.__dict__.update({n: v for n, v in self.__dict__.items() if n not in own})
        return other

    def find(self, video_id: str) -> int | None:
        """The row of a video, or None."""
        return self._rows.get(video_id)

    def row(self, video_id: str) -> int:
        """The row of a video; raises UnknownVideo that offers the nearest ids and titles."""
        if video_id in self._rows:
            return self._rows[video_id]
        asked = video_id.casefold()
        near = [
            f"{i} ({t})"
            for i, t in zip(self.ids, self.titles, strict=True)
            if asked and (asked in t.casefold() or asked in i.casefold())
        ]
        hint = f"Did you mean: {'; '.join(near[:5])}?" if near else "`vireo list videos` shows all."
        raise UnknownVideo(f"There is no video '{video_id}' in the catalogue.", hint)

    def save(self, directory: Path) -> None:
        self.table.write_parquet(directory / "table.parquet")
        self.terms.write_parquet(directory / "terms.parquet")
        arrays: dict[str, np.ndarray[Any, Any]] = {
            "topic_of": self.topic_of,
            "user_counts": self.user_counts,
            "recent_counts": self.recent_counts,
            "content": np.ascontiguousarray(self.content),
            "text": np.ascontiguousarray(self.text),
        }
        save_file(arrays, directory / "vectors.safetensors")
        save_plans(self.index_specs, directory)
        if self.trees is not None:
            self.trees.save(directory)
        if self.text_preference is not None:
            self.text_preference.save(directory)
        if self.cross_modal is not None:
            self.cross_modal.save(directory)

    @classmethod
    def load(cls, directory: Path) -> Catalogue:
        arrays = read_arrays(directory / "vectors.safetensors")
        table, terms = (pl.read_parquet(directory / f"{n}.parquet") for n in ("table", "terms"))
        return cls(
            table,
            **arrays,
            given_terms=terms,
            index_specs=load_plans(directory),
            trees=LambdaMartModel.load(directory),
            text_preference=TextPreferenceModel.load(directory),
            cross_modal=CrossModalMap.load(directory),
        )

    def summary(self) -> Mapping[str, Any]:
        found = {"videos": len(self), "never_watched": int((self.user_counts == 0).sum())}
        indexes = {name: plan.about() for name, plan in self.index_specs.items()}
        ranker = "sum" if self.trees is None else dict(self.trees.report)
        taste = "not learnt" if self.text_preference is None else dict(self.text_preference.report)
        sight = "not learnt" if self.cross_modal is None else dict(self.cross_modal.report)
        parts = {"ranker": ranker, "taste": taste, "sight": sight}
        return {**found, "index": indexes or "exact", **parts}


def numbered(column: pl.Series) -> Ints:
    """Integer codes (n,) from 0, -1 for null."""
    codes = (
        column.cast(pl.String)
        .cast(pl.Categorical)
        .to_physical()
        .cast(pl.Int64)
        .fill_null(-1)
        .to_numpy()
    )
    _, numbers = np.unique(codes, return_inverse=True)
    first = 1 if (codes < 0).any() else 0
    return np.where(codes < 0, -1, numbers - first).astype(np.int64)
