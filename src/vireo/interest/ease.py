"""Videos that are watched by the same people, in closed form (EASE, Steck 2019, arXiv:1905.03375).

With X the binary matrix of users and videos and P = (X'X + lambda I)^-1, the weights are
B[i, j] = -P[i, j] / P[j, j], the diagonal 0, and the scores of a history x are x B. The diagonal of
P is kept: with it, one viewer's part can be taken out of B exactly, without the others' histories.

With C the unit rows of the content space, w C C' beside X'X is what w users would add who watch by
similarity alone (side information as added rows: Jeunen et al. 2020, CEASE). The expert
`ease-text` uses it, `ease` does not; validation weights them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from vireo.arrays import Floats, Ints
from vireo.behavior.base import History
from vireo.engine.base import Context
from vireo.interest.base import Batch, InterestSection, Training
from vireo.interest.batch import MIN_INPUT
from vireo.interest.item_item import ItemItem, Ridge, item_item, no_matrix, positives_matrix

_FILE = "ease.safetensors"


@dataclass(frozen=True)
class Ease:
    """EASE over all positives of a user."""

    name: ClassVar[str] = "ease"
    scores_cold_items: ClassVar[bool] = False
    weights: ItemItem
    span: float = 0.0
    """Number of videos after which an input has decayed to 1/e; 0: no decay."""

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        return cls(_shared_weights(training, section, context))

    @property
    def note(self) -> str:
        return self.weights.note

    def score(self, batch: Batch) -> Floats:
        inputs = batch.positives_matrix.decayed(self.span) if self.span > 0 else batch.positives
        return self.weights.scores(inputs)

    def contributions(self, history: History, video: int) -> Floats | None:
        """Exact: input j times B[j, video]; the entries add up to the score."""
        return self.contributions_to(history, np.array([video]))[:, 0]

    def contributions_to(self, history: History, videos: Ints) -> Floats:
        """(m, v) of several videos; the newest positive interaction with a video counts."""
        newest = history.newest_positives
        own = history.videos[newest]
        decay = np.ones(len(newest), dtype=np.float32)
        if self.span > 0:
            decay = np.exp(-np.arange(len(newest))[::-1] / self.span).astype(np.float32)
            decay[decay < MIN_INPUT] = 0.0
        added = np.zeros((len(history.videos), len(videos)), dtype=np.float32)
        added[newest] = decay[:, None] * self.weights.block(own, videos)
        return added

    def without(self, history: History) -> Self:
        """The same expert, if this viewer had never been in its training."""
        return replace(self, weights=self.weights.without(history.positives.videos))

    def save(self, directory: Path) -> None:
        self.weights.save(directory / _FILE, span=np.array([self.span]))

    @classmethod
    def load(cls, directory: Path) -> Self:
        weights, arrays = ItemItem.load(directory / _FILE)
        return cls(weights, float(arrays["span"][0]))


@dataclass(frozen=True)
class EaseRecent(Ease):
    """The same weights B over the last few videos: the newest one counts most.

    A second inverse with a ridge of its own was not worth its memory (lambda 1000 against 500
    for this expert on MovieLens-1M: HR@10 0.2263 against 0.2250, NDCG@10 0.1279 against 0.1280).
    """

    name: ClassVar[str] = "ease-recent"

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        return cls(_shared_weights(training, section, context), section.history_decay)


@dataclass(frozen=True)
class EaseText(EaseRecent):
    """EASE over the last videos with content similarity in B.

    Among the watched videos only: new ones are `content`'s to tell apart, which does it better
    (cold NDCG@10 on MovieLens-1M at most 0.007 by any weight of this term, 0.034 by `content`).
    """

    name: ClassVar[str] = "ease-text"

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        if not section.ease.content_weight or not training.has_content[training.warm].any():
            return cls(no_matrix(training.n_videos, ""))
        weights = _shared_weights(training, section, context, section.ease.content_weight)
        return cls(weights, section.history_decay)


def history_now(history: History) -> int:
    """The moment of the last entry, which is all the clock that these experts need."""
    return int(history.times[-1]) if len(history) else 0


def _shared_weights(
    training: Training, section: InterestSection, context: Context, text: float = 0.0
) -> ItemItem:
    key = f"ease {section.ease.regularization} {text}"
    if key not in training.shared:
        training.shared[key] = _weights(training, section, context, text)
    weights: ItemItem = training.shared[key]
    return weights


def _weights(
    training: Training, section: InterestSection, context: Context, text: float
) -> ItemItem:
    def gram(videos: Ints) -> Floats:
        binary = positives_matrix(training, videos)
        counts: Floats = (binary.T @ binary).toarray()
        if text:
            near = training.content[videos]
            counts += np.float32(text) * (near @ near.T)
        return counts

    value = section.ease.regularization
    ridge = Ridge(value, "interest.ease.regularization", value)
    return item_item("EASE", training, gram, ridge, section, context)
