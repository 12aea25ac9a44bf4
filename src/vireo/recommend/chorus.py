"""Chorus: what all experts say to a block of viewers, added, for every video of the catalogue.

The same numbers as `Panel.hear` gives for one viewer, up to rounding: an expert whose scores are
inner products is one product of matrices for the whole block, and its mean and deviation come from
moments. One product with hundreds of rows costs a core a tenth of what as many single rows do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from vireo.arrays import Bools, Doubles, Floats, Ints
from vireo.interest.base import Batch
from vireo.interest.fusion import CONTENT
from vireo.recommend.index.moments import Moments
from vireo.recommend.retrieve.opinions import NO_OPINION, Panel, Voice

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Met:
    """What the viewers of a block have met, each video once, flat. (m,) each"""

    viewer: Ints
    video: Ints

    @classmethod
    def of(cls, batch: Batch, nothing: bool) -> Met:
        """Of the histories; of none where repeats are wanted."""
        lengths = [0 if nothing else len(history) for history in batch.histories]
        viewers = np.repeat(np.arange(len(lengths)), lengths)
        videos = [h.videos for h, m in zip(batch.histories, lengths, strict=True) if m]
        flat = np.concatenate([*videos, np.zeros(0, dtype=np.int64)])
        viewer, video = np.divmod(np.unique(viewers * batch.n_videos + flat), batch.n_videos)
        return cls(viewer, video)

    def among(self, marked: Bools) -> Met:
        keep = marked[self.video]
        return Met(self.viewer[keep], self.video[keep])

    def sums(self, values: Doubles | Floats, viewers: int) -> Doubles:
        """Per viewer the sum of a number per entry. (m,) -> (b,)"""
        found = np.bincount(self.viewer, weights=values, minlength=viewers)
        return np.asarray(found, dtype=np.float64)


@dataclass(frozen=True)
class Said:
    """One expert's words to the block."""

    voice: Voice
    mean: Doubles
    """(b,)"""
    scale: Doubles
    """(b,) 1 / deviation; 0: no opinion."""
    towards: Floats | None = None
    """(b, d) for inner products."""
    raw: Floats | None = None
    """(b, n) for other scores."""


class Chorus:
    """The experts that are heard, ready for blocks of viewers."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        model = panel.model
        names = list(model.serving)
        if len(panel.cold) and CONTENT in panel.voices and CONTENT not in names:
            names.append(CONTENT)
        self.voices = [panel.voices[name] for name in names]
        self.weights = {name: model.weights.get(name, 0.0) for name in names}
        others = sum(w for n, w in self.weights.items() if not panel.voices[n].expert.knows_new)
        self.of_cold = model.newcomer * others if CONTENT in names else 0.0

    def totals(self, batch: Batch) -> tuple[Tensor, Bools]:
        """The added scores (b, n), and for whom no expert that counts has any opinion (b,)."""
        met = Met.of(batch, self.panel.model.repeats)
        said = [self._heard(voice, batch, met) for voice in self.voices]
        return self._added(said, batch), self._silent(said, len(batch.histories))

    def _heard(self, voice: Voice, batch: Batch, met: Met) -> Said:
        counted = met if voice.expert.knows_new else met.among(self.panel.warm)
        if voice.linear is None or voice.vectors is None:
            return self._measured(voice, batch, counted)
        towards = np.ascontiguousarray(voice.linear.towards(batch), dtype=np.float32)
        wide = towards.astype(np.float64)
        moments = self._moments[voice.name]
        left = np.einsum("ij,ij->i", wide[counted.viewer], voice.vectors[counted.video])
        many = len(towards)
        count = np.maximum(moments.count - counted.sums(np.ones(len(left)), many), 1)
        mean = (wide @ moments.total - counted.sums(left, many)) / count
        squares = np.einsum("ij,ij->i", wide @ moments.squares, wide)
        second = np.maximum(squares - counted.sums(left * left, many), 0.0) / count
        scale = _scale(second - mean * mean, np.sqrt(second))
        return Said(voice, mean, scale, towards=towards)

    def _measured(self, voice: Voice, batch: Batch, met: Met) -> Said:
        """Scores of every video, their mean and deviation taken among those that count."""
        raw = np.ascontiguousarray(voice.expert.score(batch), dtype=np.float32)
        largest = np.maximum(raw.max(axis=1, initial=0.0), -raw.min(axis=1, initial=0.0))
        knows_new, many = voice.expert.knows_new, len(raw)
        counted = self.panel.counted[0 if knows_new else 1]
        size = self.panel.n_videos - (0 if knows_new else len(self.panel.cold))
        middle = (raw @ counted / max(size, 1)).astype(np.float64)
        raw -= middle[:, None].astype(np.float32)
        cold = self.panel.cold
        kept = raw[:, cold] if not knows_new and len(cold) else None
        if kept is not None:
            raw[:, cold] = 0.0
        squares = np.einsum("ij,ij->i", raw, raw).astype(np.float64)
        slip = raw.sum(axis=1, dtype=np.float64)
        left = raw[met.viewer, met.video].astype(np.float64)
        rest = np.maximum(size - met.sums(np.ones(len(left)), many), 1)
        mean = (slip - met.sums(left, many)) / rest
        variance = (squares - met.sums(left * left, many)) / rest - mean * mean
        return Said(voice, mean, _scale(variance, largest), raw=raw)

    def _added(self, said: Sequence[Said], batch: Batch) -> Tensor:
        import torch

        total = torch.zeros(len(batch.histories), batch.n_videos)
        level = np.zeros(len(batch.histories))
        for one in said:
            weight = self.weights[one.voice.name] * one.scale
            level -= weight * one.mean
            if weight.any():
                _add(total, one, weight)
        total += torch.from_numpy(level.astype(np.float32))[:, None]
        cold = self.panel.cold
        if len(cold):
            total[:, torch.from_numpy(cold)] = torch.from_numpy(self._of_cold(said, cold))
        return total

    def _of_cold(self, said: Sequence[Said], cold: Ints) -> Floats:
        """The totals of the videos that nobody wanted, by those who can tell them apart."""
        total = np.full((len(said[0].mean), len(cold)), self.panel.model.offset)
        for one in said:
            if not one.voice.expert.knows_new:
                continue
            stands_in = self.of_cold if one.voice.name == CONTENT else 0.0
            weight = (self.weights[one.voice.name] + stands_in) * one.scale
            if one.raw is None:
                vectors = one.voice.vectors
                assert vectors is not None
                assert one.towards is not None
                scores = one.towards @ vectors[cold].T
            else:
                scores = one.raw[:, cold]
            total += weight[:, None] * (scores - one.mean[:, None])
        return total.astype(np.float32)

    def _silent(self, said: Sequence[Said], viewers: int) -> Bools:
        heard = np.zeros(viewers, dtype=np.bool_)
        for one in said:
            name = one.voice.name
            helps = name == CONTENT and len(self.panel.cold) and self.of_cold != 0
            if self.weights[name] or helps:
                heard |= one.scale > 0
        return ~heard

    @cached_property
    def _moments(self) -> dict[str, Moments]:
        """Of the vectors that count, for every expert whose scores are inner products."""
        found = {}
        for voice in self.voices:
            if voice.vectors is not None:
                known = voice.expert.knows_new
                rows = voice.vectors if known else voice.vectors[self.panel.warm]
                found[voice.name] = Moments.of(rows)
        return found


def _scale(variance: Doubles, largest: Doubles | Floats) -> Doubles:
    """1 / deviation, or 0 where the scores are equal but for rounding. (b,)"""
    deviation = np.sqrt(np.maximum(variance, 0.0))
    speaks = deviation > NO_OPINION * largest
    return np.where(speaks, 1.0 / np.where(speaks, deviation, 1.0), 0.0)


def _add(total: Tensor, one: Said, weight: Doubles) -> None:
    """total += weight * scores, without a copy of the scores."""
    import torch

    if one.raw is not None:
        total.addcmul_(torch.from_numpy(one.raw), torch.from_numpy(weight[:, None]).float())
        return
    assert one.towards is not None
    assert one.voice.vectors is not None
    towards = torch.from_numpy((one.towards * weight[:, None]).astype(np.float32))
    total.addmm_(towards, torch.from_numpy(one.voice.vectors).T)
