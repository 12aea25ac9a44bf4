"""Exact contributions of a user's videos to one score, over all linear experts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vireo.arrays import Bools, Doubles, Floats, Ints
from vireo.behavior.base import History
from vireo.interest.base import CONTENT, CONTENT_SHARE, InterestModel


@dataclass(frozen=True)
class Shares:
    """Contributions of the videos in a user's history to one score."""

    videos: Ints
    """(m,) distinct rows in the catalogue, the most recently watched last."""
    shares: Floats
    """(m,) summed over all events of the video; may be negative."""

    def strongest(self) -> int | None:
        """Video with the largest contribution; None without a positive one."""
        if not self.shares.max(initial=0.0) > 0:
            return None
        return int(self.videos[int(self.shares.argmax())])

    def among(self, nameable: Bools | None) -> Shares:
        """Only the shares of the own videos that may be named."""
        if nameable is None:
            return self
        keep = nameable[self.videos]
        return Shares(self.videos[keep], self.shares[keep])


def contributions(model: InterestModel, history: History, video: int) -> Shares:
    """The viewer's own videos behind the score of the video in this row."""
    return Contributions(model, history).to(video)


class Contributions:
    """The same for many videos and one history: what does not depend on the video is kept."""

    def __init__(self, model: InterestModel, history: History) -> None:
        self._model = model
        self._history = history

    def to(self, video: int) -> Shares:
        """Experts score on different scales, so each expert's shares are scaled to its largest
        before they are added with the fusion's weights. The score of EASE is a sum over the
        history (Steck 2019), so its shares are exact. Experts that cannot tell are left out.
        """
        return self.to_each(np.array([video]))[0]

    def to_each(self, rows: Ints) -> list[Shares]:
        """The same for several videos (v,), which costs hardly more than for one."""
        videos, _ = self._distinct
        return [Shares(videos, column) for column in np.ascontiguousarray(self._added(rows).T)]

    def strongest(self, rows: Ints, nameable: Bools | None) -> list[int | None]:
        """History video with the largest contribution to each video (v,), of nameable ones."""
        videos, _ = self._distinct
        added = self._added(rows)
        if nameable is not None:
            keep = nameable[videos]
            if not keep.all():
                videos, added = videos[keep], added[keep]
        if not len(videos):
            return [None] * len(rows)
        best, most = videos[added.argmax(axis=0)].tolist(), added.max(axis=0).tolist()
        return [one if high > 0 else None for one, high in zip(best, most, strict=True)]

    def _added(self, rows: Ints) -> Floats:
        """Contribution of each distinct video of the history to each video. (m, v)"""
        model = self._model
        total = np.zeros((len(self._history.videos), len(rows)), dtype=np.float32)
        new = ~model.warm[rows] if len(model.warm) else np.zeros(len(rows), dtype=np.bool_)
        # of a new video content can always tell, also where others are believed
        of_new = {CONTENT: CONTENT_SHARE, **model.cold_weights}
        for name in model.experts:
            weights = np.where(new, of_new.get(name, 0.0), model.weights.get(name, 0.0))
            active = np.flatnonzero(weights > 0)
            shares = self._of(name, rows[active]) if len(active) else None
            if shares is not None:
                total[:, active] += _scaled(shares, weights[active])
        videos, entry = self._distinct
        if len(videos) == len(entry):  # nothing was watched twice
            found = np.empty_like(total)
            found[entry] = total
            return found
        sums = np.zeros((len(videos), len(rows)))
        np.add.at(sums, entry, total)
        return sums.astype(np.float32)

    @cached_property
    def _distinct(self) -> tuple[Ints, Ints]:
        """The distinct rows, the most recent last, and the place of every entry's among them."""
        history = self._history
        rows, first, entry = np.unique(history.videos[::-1], return_index=True, return_inverse=True)
        order = np.argsort(-first)
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        return rows[order], place[entry[::-1]]

    def _of(self, name: str, rows: Ints) -> Floats | None:
        """(m, v) contributions of each interaction to one expert's scores, or None."""
        abilities, history = self._model.abilities[name], self._history
        if (linear := abilities.dot_product) is not None and (
            vectors := linear.vectors
        ) is not None:
            # one dimension: scores do not depend on the history
            shares = linear.shares(history) if vectors.shape[1] > 1 else None
            return None if shares is None else np.asarray(shares @ vectors[rows].T, np.float32)
        if abilities.contributions is not None:
            added = abilities.contributions.contributions_to(history, rows)
            return np.asarray(added, dtype=np.float32)
        expert = self._model.experts[name]
        each = [expert.contributions(history, video) for video in rows.tolist()]
        available = [one for one in each if one is not None]
        return np.stack(available, axis=1) if available and len(available) == len(each) else None


def _scaled(shares: Floats, weights: Doubles) -> Floats:
    """Each video's shares (m, v), the largest as large as the expert's weight for it."""
    largest = np.abs(shares).max(axis=0, initial=0.0)
    scale = np.divide(weights, largest, out=np.zeros_like(weights), where=largest > 0)
    return np.asarray(scale * shares, dtype=np.float32)
