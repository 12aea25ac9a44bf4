"""Videos added after the build: experts get more columns, content scores the new ones.

No training is needed: for cold items the ensemble uses content in place of the other experts
(`InterestModel.warm`), so a row in the content space is sufficient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from vireo.arrays import Bools, Floats, Ints, unit_rows
from vireo.behavior.base import History
from vireo.engine.base import Context
from vireo.errors import StageFailed
from vireo.interest.base import Batch, Expert, InterestModel, InterestSection, Training
from vireo.interest.content import ByContent
from vireo.interest.expert_protocols import Abilities, SparseScores

NEIGHBORS = 5


@dataclass(frozen=True)
class PaddedExpert:
    """A fitted expert among more videos than it was fitted on; the others score 0."""

    name: ClassVar[str] = "padded"
    scores_cold_items: ClassVar[bool] = False
    expert: Expert
    n_videos: int
    """Those that the expert knows: the first ones."""
    new_rows: int = 0
    """How many others there are."""

    @classmethod
    def fit(
        cls,
        training: Training,  # noqa: ARG003  (the seam's signature)
        section: InterestSection,  # noqa: ARG003
        context: Context,  # noqa: ARG003
    ) -> Self:
        raise StageFailed("A padded expert is made from a fitted one.", "Fit that one.")

    def score(self, batch: Batch) -> Floats:
        scores = np.zeros((len(batch.histories), batch.n_videos), dtype=np.float32)
        scores[:, : self.n_videos] = self.expert.score(self._own(batch))
        return scores

    def sparse_scores(self, history: History) -> SparseScores | None:
        able = self._abilities.sparse
        own = None if able is None else able.sparse_scores(self._known(history)[0])
        return None if own is None else replace(own, n_videos=self.n_videos + self.new_rows)

    @cached_property
    def _abilities(self) -> Abilities:
        return Abilities.of(self.expert)

    def _own(self, batch: Batch) -> Batch:
        """The same viewers, among the videos that the expert knows."""
        histories = [self._known(history)[0] for history in batch.histories]
        return Batch(histories, batch.now, self.n_videos, batch.times)

    @cached_property
    def vectors(self) -> Floats | None:
        linear = self._abilities.dot_product
        own = None if linear is None else linear.vectors
        return None if own is None else np.vstack([own, self._added(own)])

    def _added(self, own: Floats) -> Floats:
        """The vectors of the other videos. (n, d) -> (m, d)"""
        return np.zeros((self.new_rows, own.shape[1]), dtype=np.float32)

    def user_vectors(self, batch: Batch) -> Floats:
        linear = self._abilities.dot_product
        if linear is None:
            raise StageFailed("This expert has no vectors.", "Ask it for scores.")
        return linear.user_vectors(self._own(batch))

    def shares(self, history: History) -> Floats | None:
        own, known = self._known(history)
        linear = self._abilities.dot_product
        parts = None if linear is None else linear.shares(own)
        if parts is None:
            return None
        shares = np.zeros((len(history), parts.shape[1]), dtype=np.float32)
        shares[known] = parts
        return shares

    def contributions(self, history: History, video: int) -> Floats | None:
        added = np.zeros(len(history), dtype=np.float32)
        if video >= self.n_videos:
            return added
        own, known = self._known(history)
        shares = self.expert.contributions(own, video)
        if shares is None:
            return None
        added[known] = shares
        return added

    def _known(self, history: History) -> tuple[History, Bools]:
        """The part of a history that the expert can read, and which entries those are."""
        known: Bools = history.videos < self.n_videos
        if known.all():
            return history, known
        return History(history.videos[known], history.weights[known], history.times[known]), known

    def save(self, directory: Path) -> None:
        self.expert.save(directory)

    @classmethod
    def load(cls, directory: Path) -> Self:  # noqa: ARG003  (the seam's signature)
        raise StageFailed("A padded expert is made from a loaded one.", "Load that one.")


@dataclass(frozen=True)
class NeighborPaddedExpert(PaddedExpert):
    """For experts that score cold items: a new video gets the mean of its nearest neighbors."""

    name: ClassVar[str] = "related"
    scores_cold_items: ClassVar[bool] = True
    neighbors: Ints = field(default_factory=lambda: np.zeros((0, 1), dtype=np.int64))
    """(m, NEIGHBORS) the most similar known videos of each new video."""

    def score(self, batch: Batch) -> Floats:
        scores = super().score(batch)
        scores[:, self.n_videos :] = scores[:, self.neighbors].mean(axis=2)
        return scores

    def sparse_scores(self, history: History) -> SparseScores | None:
        return None  # the neighbors of new videos are scored for every user

    def _added(self, own: Floats) -> Floats:
        return np.asarray(own[self.neighbors].mean(axis=1), dtype=np.float32)


def with_new_items(
    model: InterestModel, rows: Floats, changed: Mapping[int, Floats] | None = None
) -> InterestModel:
    """The model over more videos: `rows` (m, d) of the content space are appended.

    `changed` replaces the content rows of known videos, by row: their texts were edited.
    """
    known = len(model.content)
    content = np.vstack([model.content, rows]).astype(np.float32)
    for row, vector in (changed or {}).items():
        content[row] = vector
    relatives = _relatives(model.content, rows)
    experts = {name: _wider(e, content, known, relatives) for name, e in model.experts.items()}
    warm = model.warm if len(model.warm) else np.ones(known, dtype=np.bool_)
    warm = np.concatenate([warm, np.zeros(len(rows), dtype=np.bool_)])
    return replace(model, experts=experts, content=content, warm=warm)


def _wider(expert: Expert, content: Floats, known: int, relatives: Ints) -> Expert:
    if isinstance(expert, ByContent):
        return replace(expert, rows=unit_rows(content))
    if not len(relatives):
        return expert
    if expert.scores_cold_items:
        return NeighborPaddedExpert(expert, known, len(relatives), relatives)
    return PaddedExpert(expert, known, len(relatives))


def _relatives(content: Floats, rows: Floats) -> Ints:
    """(m, NEIGHBORS) the most similar known videos of each new video."""
    count = min(NEIGHBORS, len(content))
    if not len(rows) or not count:
        return np.zeros((0, 1), dtype=np.int64)
    similarity = unit_rows(rows) @ unit_rows(content).T
    return np.argpartition(-similarity, count - 1, axis=1)[:, :count].astype(np.int64)
