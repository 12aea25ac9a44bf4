"""What a viewer comes back to: own videos by how often and how lately they were wanted.

Speaks only where `interest.allow_repeats` is on (live channels, songs, lectures that are reviewed):
elsewhere a met video is no candidate. Frequency and recency of own consumption: Anderson et al.
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
"""Number of own events after which one has faded to 1/e."""
_LEAST = 1e-3


@dataclass(frozen=True)
class RepeatConsumption:
    """The faded count of a viewer's own wishes; 0 for videos that were never met."""

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
        wanted = np.flatnonzero(history.weights > 0)
        fading = np.exp(-np.arange(len(wanted))[::-1] / _SPAN)
        fading[fading < _LEAST] = 0.0
        added[wanted] = fading * (history.videos[wanted] == video)
        return added

    def save(self, directory: Path) -> None:
        (directory / "n_videos").write_text(str(self.n_videos), encoding="ascii")

    @classmethod
    def load(cls, directory: Path) -> Self:
        return cls(int((directory / "n_videos").read_text(encoding="ascii")))
