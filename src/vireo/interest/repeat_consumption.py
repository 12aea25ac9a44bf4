"""Repeat consumption: a user's own videos by frequency and recency.

Active only with `interest.allow_repeats` (live channels, songs, lectures): elsewhere seen videos
are no candidates. Frequency and recency of own consumption: Anderson et al.
2014, "The dynamics of repeat consumption".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from vireo.arrays import Floats
from vireo.behavior.base import History
from vireo.engine.base import Context
from vireo.interest.base import Batch, InterestSection, Training

_SPAN = 20.0
"""Number of own events after which one has decayed to 1/e."""
_LEAST = 1e-3


@dataclass(frozen=True)
class RepeatConsumption:
    """Decayed count of a user's own positives; 0 for unseen videos."""

    name: ClassVar[str] = "repeat"
    scores_cold_items: ClassVar[bool] = False
    n_videos: int

    @classmethod
    def fit(
        cls,
        training: Training,
        section: InterestSection,  # noqa: ARG003  (the seam's signature)
        context: Context,  # noqa: ARG003
    ) -> Self:
        return cls(training.n_videos)

    def score(self, batch: Batch) -> Floats:
        return np.asarray(
            batch.positives_matrix.decayed_sum(_SPAN, _LEAST).toarray(), dtype=np.float32
        )

    def contributions(self, history: History, video: int) -> Floats | None:
        """Exact: the entries add up to the score."""
        added = np.zeros(len(history), dtype=np.float32)
        positive = np.flatnonzero(history.weights > 0)
        decay = np.exp(-np.arange(len(positive))[::-1] / _SPAN)
        decay[decay < _LEAST] = 0.0
        added[positive] = decay * (history.videos[positive] == video)
        return added

    def save(self, directory: Path) -> None:
        (directory / "n_videos").write_text(str(self.n_videos), encoding="ascii")

    @classmethod
    def load(cls, directory: Path) -> Self:
        return cls(int((directory / "n_videos").read_text(encoding="ascii")))
