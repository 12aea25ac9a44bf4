"""Trend: recent popularity plus a linear model of the history, for long horizons.

The base is the share of recent users with a positive of a video; a linear model adds the effect of
the user's own history. With X the binary matrix, m its column means and B the
item-item weights of X - m in closed form (EASE, Steck 2019), a history x scores r + (x - m) B,
where r are the recent shares. The ridge is so strong that B moves the base and does not replace it:
what people will want over months is nearer to what all want now than to what goes with what.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from vireo.arrays import Doubles, Floats, Ints
from vireo.behavior.base import DAY, NO_TIME, Histories, History
from vireo.engine.base import Context
from vireo.interest.base import Batch, InterestSection, Training
from vireo.interest.item_item import ItemItem, Ridge, item_item, positives_matrix

_FILE = "trend.safetensors"


@dataclass(frozen=True)
class Trend:
    """r + (x - m) B; 0 for users without positives."""

    name: ClassVar[str] = "trend"
    scores_cold_items: ClassVar[bool] = False
    weights: ItemItem
    base: Floats
    """(w,) r - m B: scores of a user without positives among these videos."""

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        histories = training.histories
        viewers = max(1, int((np.diff(histories.positives.indptr) > 0).sum()))
        mean = training.user_counts / viewers  # (n,)

        def gram(videos: Ints) -> Floats:
            binary, own = positives_matrix(training, videos), mean[videos].astype(np.float32)
            centred: Floats = (binary.T @ binary).toarray()
            centred -= np.float32(viewers) * np.outer(own, own)
            return centred

        value = section.trend.regularization
        ridge = Ridge(value * viewers, "interest.trend.regularization", value)
        weights = item_item("trend", training, gram, ridge, section, context)
        own = mean[weights.videos].astype(np.float32)
        recent = _recent_shares(histories, section.recent_days, mean)[weights.videos]
        return cls(weights, (recent - own @ weights.matrix).astype(np.float32))

    @property
    def note(self) -> str:
        return self.weights.note

    def score(self, batch: Batch) -> Floats:
        scores = self.weights.scores(batch.positives)
        some = np.array([len(history.positives) > 0 for history in batch.histories], dtype=np.bool_)
        scores[:, self.weights.videos] += some[:, None] * self.base
        return scores

    def contributions(self, history: History, video: int) -> Floats | None:
        """Exact, but for the part that is the same for all users."""
        return self.contributions_to(history, np.array([video]))[:, 0]

    def contributions_to(self, history: History, videos: Ints) -> Floats:
        """(m, v) of several videos; the newest positive interaction with a video counts."""
        newest = history.newest_positives
        added = np.zeros((len(history.videos), len(videos)), dtype=np.float32)
        added[newest] = self.weights.block(history.videos[newest], videos)
        return added

    def save(self, directory: Path) -> None:
        self.weights.save(directory / _FILE, base=self.base)

    @classmethod
    def load(cls, directory: Path) -> Self:
        weights, arrays = ItemItem.load(directory / _FILE)
        return cls(weights, arrays["base"])


def _recent_shares(histories: Histories, days: float, overall: Doubles) -> Doubles:
    """Share of the users active in the latest days with a positive of each video. (n,)

    Without times it is the share of all.
    """
    if histories.now == NO_TIME:
        return overall
    since = histories.now - int(days * DAY)
    recent = (histories.weights > 0) & (histories.times >= max(since, 0))
    active = len(np.unique(histories.user_rows[recent]))
    return np.asarray(histories.user_counts(since=since) / active) if active else overall
