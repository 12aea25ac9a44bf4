"""Chorus: what all experts say to a block of viewers, added, for every video of the catalogue.

The same numbers as `Panel.hear` gives for one viewer, up to rounding: an expert whose scores are
inner products is one product of matrices for the whole block, and its mean and deviation come from
moments. One product with hundreds of rows costs a core a tenth of what as many single rows do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from vireo.arrays import Bools, Doubles, Floats, Ints
from vireo.interest.base import Batch
from vireo.recommend.index.score_moments import Moments
from vireo.recommend.retrieve.opinions import CONSTANT_SCORES, Ensemble, ExpertHandle

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class SeenPairs:
    """What the viewers of a block have met, each video once, flat. (m,) each"""

    viewer: Ints
    video: Ints

    @classmethod
    def of(cls, batch: Batch, nothing: bool) -> SeenPairs:
        """Of the histories; of none where repeats are wanted."""
        lengths = [0 if nothing else len(history) for history in batch.histories]
        viewers = np.repeat(np.arange(len(lengths)), lengths)
        videos = [h.videos for h, m in zip(batch.histories, lengths, strict=True) if m]
        flat = np.concatenate([*videos, np.zeros(0, dtype=np.int64)])
        viewer, video = np.divmod(np.unique(viewers * batch.n_videos + flat), batch.n_videos)
        return cls(viewer, video)

    def among(self, marked: Bools) -> SeenPairs:
        keep = marked[self.video]
        return SeenPairs(self.viewer[keep], self.video[keep])

    def sums(self, values: Doubles | Floats, viewers: int) -> Doubles:
        """Per viewer the sum of a number per entry. (m,) -> (b,)"""
        found = np.bincount(self.viewer, weights=values, minlength=viewers)
        return np.asarray(found, dtype=np.float64)


@dataclass(frozen=True)
class BatchScores:
    """One expert's words to the block."""

    voice: ExpertHandle
    mean: Doubles
    """(b,)"""
    scale: Doubles
    """(b,) 1 / deviation; 0: no opinion."""
    user_vectors: Floats | None = None
    """(b, d) for inner products."""
    raw: Floats | None = None
    """(b, n) for other scores; (b, w) where `videos` are told."""
    videos: Ints | None = None
    """(w,) the rows outside of which the expert says 0."""


class ColumnSubset:
    """Some columns of the catalogue, and what every expert needs to score them."""

    def __init__(self, panel: Ensemble, columns: Ints | None) -> None:
        """None: all columns, nothing is copied."""
        self.columns = np.arange(panel.n_videos) if columns is None else columns
        self._whole = columns is None
        self.place = np.full(panel.n_videos, -1, dtype=np.int64)
        """(n,) row in the catalogue -> column, or -1."""
        self.place[self.columns] = np.arange(len(self.columns))
        self.cold = np.flatnonzero(~panel.warm[self.columns])
        """Columns of the videos that nobody wanted."""
        self._kept: dict[str, Floats] = {}

    def vectors(self, voice: ExpertHandle) -> Floats:
        """(c, d)"""
        assert voice.vectors is not None
        if self._whole:
            return voice.vectors
        if voice.name not in self._kept:
            self._kept[voice.name] = voice.vectors[self.columns]
        return self._kept[voice.name]


class Chorus:
    """The experts that are heard, ready for blocks of viewers."""

    def __init__(self, panel: Ensemble) -> None:
        self.panel = panel
        model = panel.model
        names = list(model.active(len(panel.cold) > 0))
        self.voices = [panel.voices[name] for name in names]
        self.weights = {name: model.weights.get(name, 0.0) for name in names}

    def totals(
        self, batch: Batch, stage: ColumnSubset, room: Floats | None = None
    ) -> tuple[Tensor, Floats, Bools]:
        """Scores of the stage's columns (b, c), what is to be added to each row of them (b,), and
        for whom no expert that counts has any opinion (b,). `room` is memory to be used again.
        """
        met = SeenPairs.of(batch, self.panel.model.allow_repeats)
        said = [self._heard(voice, batch, met) for voice in self.voices]
        level = -sum((self.weights[s.voice.name] * s.scale * s.mean for s in said), start=0.0)
        level = np.broadcast_to(np.asarray(level, dtype=np.float64), (len(batch.histories),))
        total = self._added(said, stage, level, room)
        return total, level.astype(np.float32), self._silent(said, len(batch.histories))

    def _heard(self, voice: ExpertHandle, batch: Batch, met: SeenPairs) -> BatchScores:
        counted = met if voice.expert.scores_cold_items else met.among(self.panel.warm)
        if hasattr(voice.expert, "score_within"):
            return self._measured_within(voice, batch, counted)
        if voice.linear is None or voice.vectors is None:
            return self._measured(voice, batch, counted)
        towards = np.ascontiguousarray(voice.linear.user_vectors(batch), dtype=np.float32)
        wide = towards.astype(np.float64)
        moments = self._moments[voice.name]
        left = np.einsum("ij,ij->i", towards[counted.viewer], voice.vectors[counted.video])
        left = left.astype(np.float64)
        many = len(towards)
        count = np.maximum(moments.count - counted.sums(np.ones(len(left)), many), 1)
        mean = (wide @ moments.total - counted.sums(left, many)) / count
        squares = np.einsum("ij,ij->i", wide @ moments.squares, wide)
        second = np.maximum(squares - counted.sums(left * left, many), 0.0) / count
        scale = _scale(second - mean * mean, np.sqrt(second))
        return BatchScores(voice, mean, scale, user_vectors=towards)

    def _size(self, voice: ExpertHandle, met: SeenPairs, many: int) -> Doubles:
        """How many videos count for each viewer. (b,)"""
        size = self.panel.n_videos - (0 if voice.expert.scores_cold_items else len(self.panel.cold))
        return np.maximum(size - met.sums(np.ones(len(met.viewer)), many), 1)

    def _measured(self, voice: ExpertHandle, batch: Batch, met: SeenPairs) -> BatchScores:
        """Scores of every video, their mean and deviation taken among those that count."""
        raw = np.ascontiguousarray(voice.expert.score(batch), dtype=np.float32)
        largest = np.maximum(raw.max(axis=1, initial=0.0), -raw.min(axis=1, initial=0.0))
        scores_cold_items, many = voice.expert.scores_cold_items, len(raw)
        counted = self.panel.counted[0 if scores_cold_items else 1]
        middle = (raw @ counted / max(float(counted.sum()), 1.0)).astype(np.float32)
        raw -= middle[:, None]  # before anything is squared
        if not scores_cold_items and len(self.panel.cold):
            raw[:, self.panel.cold] = 0.0
        squares = np.einsum("ij,ij->i", raw, raw).astype(np.float64)
        slip = raw.sum(axis=1, dtype=np.float64)
        left = raw[met.viewer, met.video].astype(np.float64)
        rest = self._size(voice, met, many)
        mean = (slip - met.sums(left, many)) / rest
        variance = (squares - met.sums(left * left, many)) / rest - mean * mean
        return BatchScores(voice, mean, _scale(variance, largest), raw=raw)

    def _measured_within(self, voice: ExpertHandle, batch: Batch, met: SeenPairs) -> BatchScores:
        """The same of an expert that says 0 of all but a part of the videos."""
        expert: Any = voice.expert
        raw = np.ascontiguousarray(expert.score_within(batch), dtype=np.float32)
        videos = np.asarray(expert.videos)
        many = len(raw)
        at = np.minimum(np.searchsorted(videos, met.video), max(len(videos) - 1, 0))
        own = videos[at] == met.video if len(videos) else np.zeros(0, dtype=np.bool_)
        left = np.zeros(len(met.video))
        left[own] = raw[met.viewer[own], at[own]]
        largest = np.maximum(raw.max(axis=1, initial=0.0), -raw.min(axis=1, initial=0.0))
        rest = self._size(voice, met, many)
        mean = (raw.sum(axis=1, dtype=np.float64) - met.sums(left, many)) / rest
        squares = np.einsum("ij,ij->i", raw, raw).astype(np.float64)
        variance = (squares - met.sums(left * left, many)) / rest - mean * mean
        return BatchScores(voice, mean, _scale(variance, largest), raw=raw, videos=videos)

    def _added(
        self, said: Sequence[BatchScores], stage: ColumnSubset, level: Doubles, room: Floats | None
    ) -> Tensor:
        import torch

        shape = (len(level), len(stage.columns))
        size = shape[0] * shape[1]
        if room is None or len(room) < size:
            total = torch.zeros(shape)
        else:  # memory that was touched before costs nothing to get
            total = torch.from_numpy(room[:size]).view(shape).zero_()
        for one in said:
            weight = self.weights[one.voice.name] * one.scale
            if weight.any():
                _add(total, one, weight, stage)
        if len(stage.cold):
            cold = self._of_cold(said, stage) - level[:, None]
            total[:, torch.from_numpy(stage.cold)] = torch.from_numpy(cold.astype(np.float32))
        return total

    def _of_cold(self, said: Sequence[BatchScores], stage: ColumnSubset) -> Doubles:
        """The totals of the videos that nobody wanted, by those who can tell them apart."""
        rows = stage.columns[stage.cold]
        total = np.full((len(said[0].mean), len(rows)), float(self.panel.model.offset))
        for one in said:
            if one.voice.name not in self.panel.model.cold_weights:
                continue
            weight = self.panel.model.cold_weights[one.voice.name] * one.scale
            if one.raw is None:
                assert one.voice.vectors is not None
                assert one.user_vectors is not None
                scores = one.user_vectors @ one.voice.vectors[rows].T
            else:
                scores = one.raw[:, rows]
            total += weight[:, None] * (scores - one.mean[:, None])
        return total

    def _silent(self, said: Sequence[BatchScores], viewers: int) -> Bools:
        heard = np.zeros(viewers, dtype=np.bool_)
        for one in said:
            of_cold = len(self.panel.cold) and one.voice.name in self.panel.model.cold_weights
            if self.weights[one.voice.name] or of_cold:
                heard |= one.scale > 0
        return ~heard

    @cached_property
    def _moments(self) -> dict[str, Moments]:
        """Of the vectors that count, for every expert whose scores are inner products."""
        found = {}
        for voice in self.voices:
            if voice.vectors is not None:
                known = voice.expert.scores_cold_items
                rows = voice.vectors if known else voice.vectors[self.panel.warm]
                found[voice.name] = Moments.of(rows)
        return found


def _scale(variance: Doubles, largest: Doubles | Floats) -> Doubles:
    """1 / deviation, or 0 where the scores are equal but for rounding. (b,)"""
    deviation = np.sqrt(np.maximum(variance, 0.0))
    speaks = deviation > CONSTANT_SCORES * largest
    return np.where(speaks, 1.0 / np.where(speaks, deviation, 1.0), 0.0)


def _add(total: Tensor, one: BatchScores, weight: Doubles, stage: ColumnSubset) -> None:
    """total += weight * scores."""
    import torch

    if one.raw is None:
        assert one.user_vectors is not None
        towards = torch.from_numpy((one.user_vectors * weight[:, None]).astype(np.float32))
        total.addmm_(towards, torch.from_numpy(stage.vectors(one.voice)).T)
        return
    column = weight[:, None].astype(np.float32)
    if one.videos is None:
        raw = one.raw if len(stage.columns) == one.raw.shape[1] else one.raw[:, stage.columns]
        total.addcmul_(torch.from_numpy(raw), torch.from_numpy(column))
        return
    place = stage.place[one.videos]
    here = place >= 0
    values = one.raw[:, here] * column
    total.index_add_(1, torch.from_numpy(place[here]), torch.from_numpy(values))
