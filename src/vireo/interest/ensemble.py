"""Ensemble: weighted sum of the experts' standardized scores, for a block of users.

    score(u, i) = sum over experts e of weight_e * (s_e(u, i) - mean_e(u)) / std_e(u)

Mean and standard deviation are those of the user's candidates: the videos not seen yet, without
cold items for an expert that cannot score these. Cold items have weights of their own
(`InterestModel.cold_weights`) and an offset. Evaluation, online lists and batch lists use this
class; one user is a block of one. Separately trained experts under a few global weights did better
on public data than learned per-user gates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy.linalg import blas

from vireo.arrays import Bools, Floats, Ints
from vireo.interest.base import CONTENT, InterestModel
from vireo.interest.batch import Batch
from vireo.interest.expert_scores import (
    ALL,
    Columns,
    ExpertHandle,
    ExpertScores,
    ScoredCatalogue,
    SeenPairs,
    expert_scores,
)
from vireo.interest.score_moments import Moments

COLD_USER_EXPERTS = ("popularity", "recent-popularity")
"""Experts with equal weights for users whose weighted experts are all constant."""


class ColumnSubset:
    """Some columns of the catalogue, with the item vectors gathered once for many blocks."""

    def __init__(self, ensemble: Ensemble, columns: Ints | None = None) -> None:
        """`columns` (c,) rows of the catalogue, rising; None: all of them, without a copy."""
        self.columns = np.arange(ensemble.n_videos) if columns is None else columns
        self.whole = columns is None
        self.cold = np.flatnonzero(~ensemble.warm[self.columns])
        """Positions of the cold items among the columns."""
        self.place = np.full(ensemble.n_videos, -1, dtype=np.int64)
        """(n,) row of the catalogue -> position, or -1."""
        self.place[self.columns] = np.arange(len(self.columns))
        self._gathered: dict[str, Floats] = {}

    def vectors(self, handle: ExpertHandle) -> Floats:
        """(c, d) item vectors of a dot-product expert."""
        assert handle.vectors is not None
        if self.whole:
            return handle.vectors
        if handle.name not in self._gathered:
            self._gathered[handle.name] = handle.vectors[self.columns]
        return self._gathered[handle.name]


@dataclass(frozen=True)
class Ensemble:
    """The active experts of a model over one catalogue."""

    model: InterestModel
    n_videos: int
    handles: Mapping[str, ExpertHandle]
    """All experts of the model."""

    @classmethod
    def of(
        cls,
        model: InterestModel,
        n_videos: int,
        moments: Mapping[str, Moments] | None = None,
        sparse: bool = False,
    ) -> Ensemble:
        """`moments` of dot-product experts, where they are stored; `sparse` for large catalogs."""
        known = moments or {}
        handles = {
            name: ExpertHandle(name, expert, model.abilities[name], known.get(name), sparse)
            for name, expert in model.experts.items()
        }
        return cls(model, n_videos, handles)

    def with_moments(self) -> Ensemble:
        """The ensemble with moments of all dot-product experts: faster for large blocks."""
        handles = {
            name: handle
            if handle.moments is not None or handle.vectors is None
            else replace(handle, moments=self.moments(handle))
            for name, handle in self.handles.items()
        }
        return Ensemble(self.model, self.n_videos, handles)

    def moments(self, handle: ExpertHandle) -> Moments:
        """Of the vectors of all videos that the expert can score."""
        assert handle.vectors is not None
        cold_too = handle.expert.scores_cold_items
        return Moments.of(handle.vectors if cold_too else handle.vectors[self.warm])

    @cached_property
    def warm(self) -> Bools:
        """(n,) videos with at least one positive interaction in training."""
        warm = self.model.warm
        return warm if len(warm) else np.ones(self.n_videos, dtype=np.bool_)

    @cached_property
    def cold(self) -> Ints:
        """Rows of the cold items, rising."""
        return np.flatnonzero(~self.warm)

    @cached_property
    def all_columns(self) -> ColumnSubset:
        """The whole catalogue as a column subset."""
        return ColumnSubset(self)

    @cached_property
    def _active(self) -> tuple[str, ...]:
        return self.model.active(len(self.cold) > 0)

    @cached_property
    def _catalogue(self) -> ScoredCatalogue:
        return ScoredCatalogue(self.n_videos, self.warm, self.cold)

    def score(self, batch: Batch, names: Iterable[str] | None = None) -> EnsembleScores:
        """Score a block of users by the active experts, or by those named."""
        chosen = self._active if names is None else names
        seen = SeenPairs.of(batch, self.model.allow_repeats)
        users = len(batch.histories)
        experts: dict[str, ExpertScores] = {}
        for name in chosen:
            experts[name] = expert_scores(self.handles[name], batch, seen, self._catalogue)
        weights = {
            name: np.full(users, self.model.weights.get(name, 0.0), np.float32) for name in experts
        }
        cold = {
            name: np.full(users, weight, np.float32)
            for name, weight in self.model.cold_weights.items()
            if name in experts and len(self.cold)
        }
        scores = EnsembleScores(self, users, experts, weights, cold)
        return self._with_cold_users(scores, batch, seen) if scores.constant.any() else scores

    def _with_cold_users(
        self, scores: EnsembleScores, batch: Batch, seen: SeenPairs
    ) -> EnsembleScores:
        """Users without any ranking get equal parts of the cold-user experts instead."""
        cold_user = scores.constant
        names = [name for name in COLD_USER_EXPERTS if name in self.handles]
        experts = dict(scores.experts)
        weights = {name: np.where(cold_user, 0, w) for name, w in scores.weights.items()}
        for name in names:
            experts.setdefault(
                name, expert_scores(self.handles[name], batch, seen, self._catalogue)
            )
            before = weights.get(name, np.zeros(scores.users, dtype=np.float32))
            weights[name] = np.where(cold_user, np.float32(1.0 / len(names)), before)
        cold = {name: np.where(cold_user, 0, w) for name, w in scores.cold_weights.items()}
        return EnsembleScores(self, scores.users, experts, weights, cold)


@dataclass(frozen=True)
class EnsembleScores:
    """Scores of all active experts for a block of users, with their weights."""

    ensemble: Ensemble
    users: int
    experts: Mapping[str, ExpertScores]
    weights: Mapping[str, Floats]
    """Per expert (b,): weight for warm items."""
    cold_weights: Mapping[str, Floats] = field(default_factory=dict)
    """Per expert (b,): weight for cold items."""

    @cached_property
    def constant(self) -> Bools:
        """(b,) users whose weighted experts are all constant."""
        ranked = np.zeros(self.users, dtype=np.bool_)
        for name, scores in self.experts.items():
            weighted = self.weights[name] != 0
            if name in self.cold_weights:
                weighted = weighted | (self.cold_weights[name] != 0)
            ranked |= (scores.scale > 0) & weighted
        return ~ranked

    def standardized(self, name: str, columns: Columns = ALL) -> Floats:
        """(b, m) one expert's standardized scores; 0 for cold items that it cannot score."""
        scores = self.experts[name].standardized(columns)
        if not self.experts[name].handle.expert.scores_cold_items:
            scores[:, self._cold(columns)] = 0.0
        return scores

    def parts(self, columns: Columns = ALL) -> dict[str, Floats]:
        """Per expert (b, m): its weighted part of the score; the parts add up to `total`."""
        cold = self._cold(columns)
        parts = {
            name: scores.weighted(columns, self.weights[name], cold, self.cold_weights.get(name))
            for name, scores in self.experts.items()
        }
        offset = self.ensemble.model.offset
        if offset and len(cold):
            size = self.ensemble.n_videos if isinstance(columns, slice) else len(columns)
            part = parts.setdefault(CONTENT, np.zeros((self.users, size), dtype=np.float32))
            part[:, cold] += np.float32(offset)
        return parts

    def _cold(self, columns: Columns) -> Ints:
        """Positions of the cold items among the columns."""
        if isinstance(columns, slice):
            return self.ensemble.cold
        return np.flatnonzero(~self.ensemble.warm[columns])

    def total(self, subset: ColumnSubset | None = None, out: Floats | None = None) -> Floats:
        """(b, c) sum of all parts, by matrix products; `out` is memory to use again."""
        subset = subset or self.ensemble.all_columns
        shape = (self.users, len(subset.columns))
        total = np.zeros(shape, np.float32) if out is None else out[: shape[0] * shape[1]]
        total = total.reshape(shape)
        level = np.zeros(self.users)
        for name, scores in self.experts.items():
            weight = self.weights[name] * scores.scale
            level -= weight * scores.mean
        total[:] = level.astype(np.float32)[:, None]
        for name, scores in self.experts.items():
            weight = self.weights[name] * scores.scale
            if weight.any():
                _accumulate(total, scores, weight.astype(np.float32), subset)
        if len(subset.cold):
            total[:, subset.cold] = self._cold_total(subset.columns[subset.cold])
        return total

    def _cold_total(self, rows: Ints) -> Floats:
        total = np.full((self.users, len(rows)), self.ensemble.model.offset, dtype=np.float32)
        for name, weight in self.cold_weights.items():
            total += weight[:, None] * self.experts[name].standardized(rows)
        return total


def unseen_mask(batch: Batch, allow_repeats: bool = False) -> Bools:
    """(b, n) True for the candidates of each user: unseen videos, or all with repeats."""
    unseen = np.ones((len(batch.histories), batch.n_videos), dtype=np.bool_)
    seen = SeenPairs.of(batch, allow_repeats)
    unseen[seen.user, seen.video] = False
    return unseen


def _accumulate(total: Floats, scores: ExpertScores, weight: Floats, subset: ColumnSubset) -> None:
    """total (b, c) += weight (b,) * raw scores of the columns."""
    if scores.raw is None and scores.user_vectors is not None:
        users = scores.user_vectors * weight[:, None]
        vectors = subset.vectors(scores.handle)
        # (c, d) @ (d, b) added to total.T in place: no second matrix of this size.
        blas.sgemm(1.0, vectors.T, users.T, 1.0, total.T, trans_a=1, overwrite_c=1)
        return
    if scores.videos is None:
        raw = scores.at(ALL if subset.whole else subset.columns)
        total += raw * weight[:, None]
        return
    assert scores.raw is not None
    place = subset.place[scores.videos]
    here = place >= 0
    total[:, place[here]] += scores.raw[:, here] * weight[:, None]
