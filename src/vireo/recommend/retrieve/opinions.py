"""What the experts say to one viewer: of every video, or, through indexes, of those that are asked.

The same numbers as `interest.fusion.fused`: scores standardised among the videos that the viewer
has not met, weighted, with other weights for videos that nobody wanted. Mean and deviation of inner
products need no scores at all (`index/moments.py`), so a catalogue of a million videos is
standardised over all of it although only a few hundred are scored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from vireo.arrays import Bools, Floats, Ints, distinct
from vireo.behavior.base import History
from vireo.interest.base import CONTENT, Batch, Expert, InterestModel
from vireo.interest.dot_product import DotProductExpert, by_vectors
from vireo.interest.fusion import COLD_USER_EXPERTS
from vireo.interest.sparse_scores import SparseScores, found, sparse_scores_of
from vireo.recommend.index.ann_index import AnnIndex
from vireo.recommend.index.base import Index
from vireo.recommend.index.score_moments import Moments
from vireo.recommend.index.spec import IndexSpec
from vireo.recommend.retrieve.merge import best_of
from vireo.recommend.retrieve.top_allowed import best_of_few, first_of

ALL = slice(None)
"""Every video of the catalogue, where rows are asked for."""
Rows = Ints | slice
CONSTANT_SCORES = 1e-6
"""What rounding leaves of equal scores deviates less than this, against their size."""


@dataclass(frozen=True)
class ExpertHandle:
    """One expert, with what is made ready once for all viewers."""

    name: str
    expert: Expert
    index: Index | None = None
    """None: all videos are scored for every viewer."""
    moments: Moments | None = None
    """With an index: of the vectors of the videos that count."""
    by_few: bool = False
    """Whether it is asked for the few videos that it speaks of, if it can tell them so."""

    @cached_property
    def linear(self) -> DotProductExpert | None:
        """The expert, where its scores are inner products."""
        return by_vectors(self.expert)

    @cached_property
    def vectors(self) -> Floats | None:
        return None if self.linear is None else self.linear.vectors

    @cached_property
    def in_order(self) -> Ints | None:
        """Rows by their only number, highest first: such an expert says the same to everybody."""
        vectors = self.vectors
        if vectors is None or vectors.shape[1] != 1:
            return None
        return np.argsort(-vectors[:, 0], kind="stable")


@dataclass(frozen=True)
class ExpertScores:
    """One expert's scores for one viewer, and how they are standardised."""

    voice: ExpertHandle
    raw: Floats | None
    """(n,) scores of all videos; None: computed for the rows that are asked for."""
    user_vectors: Floats
    mean: float = 0.0
    scale: float = 0.0
    """1 / deviation; 0: no opinion."""
    sparse_scores: SparseScores | None = None
    """In place of `raw`: scores of the videos that the expert speaks of, 0 for all others."""

    def scores(self, rows: Rows) -> Floats:
        if self.raw is not None:
            return self.raw[rows]
        if self.sparse_scores is not None:
            return (
                self.sparse_scores.whole[rows]
                if isinstance(rows, slice)
                else self.sparse_scores.at(rows)
            )
        vectors = self.voice.vectors
        assert vectors is not None
        return np.asarray(vectors[rows] @ self.user_vectors, dtype=np.float32)

    def standardised(self, rows: Rows) -> Floats:
        return (self.scores(rows) - np.float32(self.mean)) * np.float32(self.scale)

    def measured(self, panel: Ensemble, met: Ints) -> ExpertScores:
        """The same with the mean and deviation of the videos that count: of those that the expert
        knows, all but the rows `met`, rising."""
        scores_cold_items = self.voice.expert.scores_cold_items
        met = met if scores_cold_items else met[panel.warm[met]]
        size = panel.n_videos - len(met) - (0 if scores_cold_items else len(panel.cold))
        if self.sparse_scores is not None:
            counts = np.ones(len(self.sparse_scores.rows), dtype=np.bool_)
            counts[found(met, self.sparse_scores.rows)[1]] = False
            if not scores_cold_items:
                counts &= panel.warm[self.sparse_scores.rows]
            mean, spread = self.sparse_scores.spread(counts, size)
            largest = float(np.abs(self.sparse_scores.values).max(initial=0.0))
        elif self.raw is None:
            moments, vectors = self.voice.moments, self.voice.vectors
            assert moments is not None
            assert vectors is not None
            mean, spread, largest = moments.spread(self.user_vectors, vectors[met])
        else:
            counted = panel.counted[0 if scores_cold_items else 1].copy()
            counted[met] = 0.0
            mean, spread = _spread(self.raw, counted, size)
            largest = float(max(self.raw.max(initial=0.0), -self.raw.min(initial=0.0)))
        scale = 1.0 / spread if spread > CONSTANT_SCORES * largest else 0.0
        return replace(self, mean=mean, scale=scale)

    def best(self, count: int, allowed: Bools) -> Ints:
        """The best allowed rows, through the index; none where there is no opinion."""
        if not self.scale:
            return np.zeros(0, dtype=np.int64)
        if self.sparse_scores is not None:
            return best_of_few(self.sparse_scores, count, allowed)
        order = self.voice.in_order
        if order is not None:
            return first_of(order if self.user_vectors[0] > 0 else order[::-1], count, allowed)
        if self.raw is not None:
            # Many experts know a few videos and score all others alike: these need no sorting.
            above = allowed & (self.raw > np.float32(self.mean))
            enough = np.count_nonzero(above) >= count
            return best_of(self.raw, count, above if enough else allowed)
        assert self.voice.index is not None
        return self.voice.index.search(self.user_vectors, count, allowed)


@dataclass(frozen=True)
class Ensemble:
    """The experts that are heard, over one catalogue."""

    model: InterestModel
    n_videos: int
    voices: Mapping[str, ExpertHandle]
    """All experts of the model."""

    @classmethod
    def of(cls, model: InterestModel, n_videos: int, plans: Mapping[str, IndexSpec]) -> Ensemble:
        """With indexes where there are plans for them."""
        voices = {name: ExpertHandle(name, expert) for name, expert in model.experts.items()}
        panel = cls(model, n_videos, voices)
        if not plans:
            return panel
        ready = {name: panel._indexed(voice, plans) for name, voice in voices.items()}
        return replace(panel, voices=ready)

    def _indexed(self, voice: ExpertHandle, plans: Mapping[str, IndexSpec]) -> ExpertHandle:
        """The voice with its index; rows that came after the plan was made are added to it."""
        vectors, plan = voice.vectors, plans.get(voice.name)
        if vectors is None or len(vectors) != self.n_videos:
            return replace(voice, by_few=vectors is None)
        if vectors.shape[1] == 1:
            known = vectors if voice.expert.scores_cold_items else vectors[self.warm]
            return replace(voice, moments=Moments.of(known))
        if plan is None or plan.count > self.n_videos:
            return voice
        moments = plan.moments
        if voice.expert.scores_cold_items and len(vectors) > plan.count:
            moments = moments.plus(Moments.of(vectors[plan.count :]))
        return replace(voice, index=AnnIndex.of(plan, vectors), moments=moments)

    @cached_property
    def warm(self) -> Bools:
        warm = self.model.warm
        return warm if len(warm) else np.ones(self.n_videos, dtype=np.bool_)

    @cached_property
    def cold(self) -> Ints:
        """Rows of the videos that nobody wanted, rising."""
        return np.flatnonzero(~self.warm)

    @cached_property
    def counted(self) -> tuple[Floats, Floats]:
        """1 for all videos, and for those that somebody wanted. (n,), (n,)"""
        return np.ones(self.n_videos, dtype=np.float32), self.warm.astype(np.float32)

    def score(self, history: History, now: int) -> EnsembleScores:
        """What every serving expert says to the viewer with this history."""
        names = list(self.model.active(len(self.cold) > 0))
        said = self._opinions(names, history, now)
        weights = {name: self.model.weights.get(name, 0.0) for name in said}
        heard = EnsembleScores(self, said, weights, self.model.cold_weights)
        if heard.silent:
            speakers = [name for name in COLD_USER_EXPERTS if name in self.voices]
            share = {name: 1.0 / len(speakers) for name in speakers}
            return EnsembleScores(self, self._opinions(speakers, history, now), share, {})
        return heard

    def _opinions(
        self, names: Sequence[str], history: History, now: int
    ) -> dict[str, ExpertScores]:
        batch = Batch([history], now, self.n_videos)
        met = distinct(history.videos[:0] if self.model.allow_repeats else history.videos)
        return {name: _asked(self.voices[name], batch).measured(self, met) for name in names}


@dataclass(frozen=True)
class EnsembleScores:
    """All opinions for one viewer, with their weights."""

    panel: Ensemble
    said: Mapping[str, ExpertScores]
    weights: Mapping[str, float]
    for_new: Mapping[str, float]
    """Those for videos that nobody wanted."""

    @property
    def dense(self) -> bool:
        """Whether every video has been scored."""
        return all(o.raw is not None or o.sparse_scores is not None for o in self.said.values())

    @property
    def silent(self) -> bool:
        """Whether no expert that counts has any opinion."""
        speaking = {n for n, o in self.said.items() if o.scale}
        of_new = self.for_new if len(self.panel.cold) else {}
        return not any(self.weights[name] or of_new.get(name) for name in speaking)

    def parts(self, rows: Rows) -> dict[str, Floats]:
        """Per expert its weighted, standardised part of the rows' scores. (m,) each"""
        everything = isinstance(rows, slice)
        cold = self.panel.cold if everything else np.flatnonzero(~self.panel.warm[rows])
        parts = {}
        for name, opinion in self.said.items():
            weight, of_new = self.weights[name], np.float32(self.for_new.get(name, 0.0))
            if not weight and not isinstance(rows, slice):
                # of the rows that it does not count for, no scores
                parts[name] = np.zeros(len(rows), dtype=np.float32)
                if len(cold) and of_new:
                    parts[name][cold] = of_new * opinion.standardised(rows[cold])
                continue
            own = opinion.standardised(rows)
            parts[name] = np.float32(weight) * own
            if len(cold):
                parts[name][cold] = of_new * own[cold]
        if self.panel.model.offset and len(cold):
            nothing = np.zeros(len(self.panel.warm[rows]), dtype=np.float32)
            parts[CONTENT] = parts.get(CONTENT, nothing)
            parts[CONTENT][cold] += np.float32(self.panel.model.offset)
        return parts


def _asked(voice: ExpertHandle, batch: Batch) -> ExpertScores:
    """An expert's opinion, not yet standardised: of all videos where there is no index."""
    vectors, linear = voice.vectors, voice.linear
    if vectors is None or linear is None:
        nothing = np.zeros(0, dtype=np.float32)
        few = sparse_scores_of(voice.expert, batch.histories[0]) if voice.by_few else None
        if few is not None:
            return ExpertScores(voice, None, nothing, sparse_scores=few)
        return ExpertScores(voice, voice.expert.score(batch)[0], nothing)
    towards = linear.user_vectors(batch)[0]
    if voice.moments is not None:
        return ExpertScores(voice, None, towards)
    return ExpertScores(voice, np.asarray(vectors @ towards, dtype=np.float32), towards)


def _spread(raw: Floats, counted: Floats, size: int) -> tuple[float, float]:
    """Mean and deviation of the scores that count (1 and not 0 in `counted`)."""
    size = max(size, 1)
    mean = float(raw @ counted) / size
    centred = (raw - np.float32(mean)) * counted
    slip = float(centred.sum(dtype=np.float64)) / size  # what single precision lost of the mean
    variance = float(centred @ centred) / size - slip * slip
    return mean + slip, float(np.sqrt(max(variance, 0.0)))
