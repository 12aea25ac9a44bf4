"""Videos like the last ones: the weighted mean of what was watched, by text, picture and sound.

The only expert that can score videos without events.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from safetensors.numpy import save_file

from vireo.arrays import Floats, unit_rows
from vireo.artifacts.tensor_files import read_arrays
from vireo.behavior.base import History
from vireo.engine.base import Context
from vireo.interest.base import Batch, InterestSection, Training

_FILE = "content.safetensors"
SPAN = 10.0
"""Number of entries after which the weight of an entry has decayed to 1/e."""


@dataclass(frozen=True)
class ByContent(ABC):
    """Base of experts that compare a vector of the history with the content of videos."""

    scores_cold_items: ClassVar[bool] = True
    rows: Floats
    """(n, d) of length 1, or zeros where nothing is known of a video."""

    @property
    def vectors(self) -> Floats:
        return self.rows

    def score(self, batch: Batch) -> Floats:
        return np.asarray(self.user_vectors(batch) @ self.rows.T, dtype=np.float32)

    @abstractmethod
    def user_vectors(self, batch: Batch) -> Floats:
        """User vectors; scores are inner products with content. (b, d)"""

    @abstractmethod
    def shares(self, history: History) -> Floats:
        """Exact: each entry's share of `towards`. (m, d)"""

    def contributions(self, history: History, video: int) -> Floats | None:
        """Exact: each entry's share times its similarity to the video."""
        return np.asarray(self.shares(history) @ self.rows[video], dtype=np.float32)


@dataclass(frozen=True)
class Content(ByContent):
    """Cosine between a video and the viewer's profile; disliked videos push the profile away."""

    name: ClassVar[str] = "content"

    @classmethod
    def fit(
        cls,
        training: Training,
        section: InterestSection,  # noqa: ARG003  (the seam's signature)
        context: Context,  # noqa: ARG003
    ) -> Self:
        return cls(unit_rows(training.content))

    def user_vectors(self, batch: Batch) -> Floats:
        """The viewers' profiles, of length 1. (b, d)"""
        profiles = np.zeros((len(batch.histories), self.rows.shape[1]), dtype=np.float32)
        for row, history in enumerate(batch.histories):
            profiles[row] = _shares(history) @ self.rows[history.videos]
        return unit_rows(profiles)

    def shares(self, history: History) -> Floats:
        """Exact: each entry's share of the profile. (m, d)"""
        parts = _shares(history)[:, None] * self.rows[history.videos]
        length = float(np.linalg.norm(parts.sum(axis=0)))
        return np.asarray(parts / length if length > 0 else 0.0 * parts, dtype=np.float32)

    def save(self, directory: Path) -> None:
        save_file({"rows": np.ascontiguousarray(self.rows)}, directory / _FILE)

    @classmethod
    def load(cls, directory: Path) -> Self:
        return cls(read_arrays(directory / _FILE)["rows"])


def _shares(history: History) -> Floats:
    """Weight of every entry, decayed by its place from the end. (m,)"""
    place = np.arange(len(history.videos))[::-1]
    return (history.weights * np.exp(-place / SPAN)).astype(np.float32)
