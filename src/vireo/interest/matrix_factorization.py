"""Taste as a few numbers: matrix factorisation for implicit feedback (Hu, Koren, Volinsky 2008).

The prediction is the inner product of a user's and a video's factors. The videos' factors are
trained by alternating least squares; a user's factors are solved from the history at the moment of
asking, so new events count without training.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from safetensors.numpy import save_file
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from vireo.arrays import Doubles, Floats
from vireo.artifacts.files import read_json, write_json
from vireo.artifacts.tensor_files import read_arrays
from vireo.behavior.base import History
from vireo.engine.base import Context
from vireo.interest.als import alternate, penalty
from vireo.interest.base import AlsSection, Batch, InterestSection, Training
from vireo.interest.ease import newest_wanted

_FILE, _ABOUT = "factors.safetensors", "factors.json"


def predict(
    user_factors: Doubles | Floats, video_factors: Doubles | Floats, link: str = "identity"
) -> Doubles:
    """(b, d) and (n, d) -> (b, n): inner products, or with `sigmoid` squashed to (0, 1)."""
    scores = np.asarray(user_factors @ video_factors.T, dtype=np.float64)
    if link == "sigmoid":
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * scores)))  # this form cannot overflow
    return scores


@dataclass(frozen=True)
class ImplicitMF:
    """The videos' factors, and what the solve for a user needs."""

    name: ClassVar[str] = "als"
    scores_cold_items: ClassVar[bool] = False
    videos: Floats
    """(n, d); zeros for videos that nobody wanted."""
    settings: AlsSection = field(default_factory=AlsSection)

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        settings = section.als
        with (
            threadpool_limits(1, "blas"),  # the matrices are small: threads would wait, not work
            context.progress.task("matrix factorisation", settings.iterations) as tick,
        ):
            wanted = training.histories.positives
            videos = alternate(wanted, settings, context.seed, tick)
        return cls(videos, settings)

    @cached_property
    def _base(self) -> Doubles:
        """V'V: the part of the normal equations that all users share."""
        wide = self.videos.astype(np.float64)
        return np.asarray(wide.T @ wide)

    @cached_property
    def _watched(self) -> int:
        """How many videos have factors."""
        return int(self.videos.any(axis=1).sum())

    def users(self, batch: Batch) -> Doubles:
        """The users' factors, solved from their histories. (b, d)"""
        users = np.zeros((len(batch.histories), self.videos.shape[1]))
        for row, history in enumerate(batch.histories):
            seen = self.videos[np.unique(history.positives.videos)].astype(np.float64)
            if len(seen):
                users[row] = np.linalg.solve(
                    self._normal(seen), self.settings.confidence * seen.sum(0)
                )
        return users

    def _normal(self, seen: Doubles) -> Doubles:
        ridge = penalty(len(seen), self._watched, self.settings) * np.eye(seen.shape[1])
        return np.asarray(self._base + (self.settings.confidence - 1.0) * (seen.T @ seen) + ridge)

    @property
    def vectors(self) -> Floats | None:
        return self.videos if self.settings.link == "identity" else None

    def user_vectors(self, batch: Batch) -> Floats:
        # In single precision: the videos' factors would be copied to double for every list.
        return self.users(batch).astype(np.float32)

    def score(self, batch: Batch) -> Floats:
        return predict(self.user_vectors(batch), self.videos, self.settings.link).astype(np.float32)

    def shares(self, history: History) -> Floats:
        """Exact: the solve is linear in the videos wanted (Hu et al., section 5). (m, d)"""
        newest = newest_wanted(history)
        seen = self.videos[history.videos[newest]].astype(np.float64)
        shares = np.zeros((len(history), self.videos.shape[1]), dtype=np.float32)
        if len(seen):
            shares[newest] = (
                self.settings.confidence * np.linalg.solve(self._normal(seen), seen.T).T
            )
        return shares

    def contributions(self, history: History, video: int) -> Floats | None:
        """Exact, before the link."""
        return np.asarray(self.shares(history) @ self.videos[video], dtype=np.float32)

    def save(self, directory: Path) -> None:
        save_file({"videos": self.videos}, directory / _FILE)
        write_json(directory / _ABOUT, self.settings.model_dump())

    @classmethod
    def load(cls, directory: Path) -> Self:
        settings = AlsSection.model_validate(read_json(directory / _ABOUT))
        return cls(read_arrays(directory / _FILE)["videos"], settings)
