"""Taste as a few numbers: matrix factorisation for implicit feedback (Hu, Koren, Volinsky 2008).

The prediction is the inner product of a user's and a video's factors. The videos' factors are
trained by the alternating least squares of the `implicit` library; a user's factors are solved
from the history at the moment of asking, so new events count without training.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file
from scipy import sparse

from vireo.arrays import Doubles, Floats
from vireo.artifacts.arrays import read_arrays
from vireo.behavior.base import History
from vireo.engine.base import Context
from vireo.interest.base import Batch, InterestSection, Training
from vireo.interest.ease import newest_wanted

_FILE = "factors.safetensors"


def predict(
    user_factors: Doubles | Floats, video_factors: Doubles | Floats, link: str = "identity"
) -> Doubles:
    """(b, d) and (n, d) -> (b, n): inner products, or with `sigmoid` squashed to (0, 1)."""
    scores = np.asarray(user_factors @ video_factors.T, dtype=np.float64)
    if link == "sigmoid":
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * scores)))  # this form cannot overflow
    return scores


@dataclass(frozen=True)
class Factors:
    """The videos' factors, and what the solve for a user needs."""

    name: ClassVar[str] = "factors"
    knows_new: ClassVar[bool] = False
    videos: Floats
    """(n, d); zeros for videos that nobody wanted."""
    regularisation: float
    confidence: float
    link: str = "identity"

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        settings = section.factors
        videos = _train(training, section, context)
        return cls(videos, settings.regularisation, settings.confidence, settings.link)

    @cached_property
    def _base(self) -> Doubles:
        """V'V + regularisation I: the part of the normal equations that all users share."""
        wide = self.videos.astype(np.float64)
        return np.asarray(wide.T @ wide + self.regularisation * np.eye(wide.shape[1]))

    def users(self, batch: Batch) -> Doubles:
        """The users' factors, solved from their histories. (b, d)"""
        users = np.zeros((len(batch.histories), self.videos.shape[1]))
        for row, history in enumerate(batch.histories):
            seen = self.videos[np.unique(history.liked.videos)].astype(np.float64)
            if len(seen):
                users[row] = np.linalg.solve(self._normal(seen), self.confidence * seen.sum(0))
        return users

    def _normal(self, seen: Doubles) -> Doubles:
        return np.asarray(self._base + (self.confidence - 1.0) * (seen.T @ seen))

    @property
    def vectors(self) -> Floats | None:
        return self.videos if self.link == "identity" else None

    def towards(self, batch: Batch) -> Floats:
        # In single precision: the videos' factors would be copied to double for every list.
        return self.users(batch).astype(np.float32)

    def score(self, batch: Batch) -> Floats:
        return predict(self.towards(batch), self.videos, self.link).astype(np.float32)

    def shares(self, history: History) -> Floats:
        """Exact: the solve is linear in the videos wanted (Hu et al., section 5). (m, d)"""
        newest = newest_wanted(history)
        seen = self.videos[history.videos[newest]].astype(np.float64)
        shares = np.zeros((len(history), self.videos.shape[1]), dtype=np.float32)
        if len(seen):
            shares[newest] = self.confidence * np.linalg.solve(self._normal(seen), seen.T).T
        return shares

    def contributions(self, history: History, video: int) -> Floats | None:
        """Exact, before the link."""
        return np.asarray(self.shares(history) @ self.videos[video], dtype=np.float32)

    def save(self, directory: Path) -> None:
        numbers = np.array([self.regularisation, self.confidence])
        arrays = {"videos": self.videos, "numbers": numbers}
        save_file(arrays, directory / _FILE, metadata={"link": self.link})

    @classmethod
    def load(cls, directory: Path) -> Self:
        with safe_open(directory / _FILE, "np") as file:
            link = (file.metadata() or {})["link"]
        arrays = read_arrays(directory / _FILE)
        regularisation, confidence = (float(number) for number in arrays["numbers"])
        return cls(arrays["videos"], regularisation, confidence, link)


def _train(training: Training, section: InterestSection, context: Context) -> Floats:
    """Alternating least squares -> the videos' factors (n, d)."""
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    settings = section.factors
    observed = training.histories.positives.copy()
    if not observed.nnz:
        return np.zeros((training.n_videos, settings.dimension), dtype=np.float32)
    observed.data[:] = settings.confidence
    observed = sparse.csr_matrix(observed, dtype=np.float32)
    rng = np.random.default_rng(context.seed)
    start = rng.random((training.n_videos, settings.dimension), dtype=np.float32) * 0.01
    with (
        threadpool_limits(1, "blas"),  # implicit brings its own threads; two kinds fight
        context.progress.task("matrix factorisation", settings.iterations) as tick,
    ):
        model = AlternatingLeastSquares(
            factors=settings.dimension,
            regularization=settings.regularisation,
            iterations=settings.iterations,
        )
        # users start at 0, so that their order in the files decides nothing
        model.user_factors = np.zeros((observed.shape[0], settings.dimension), dtype=np.float32)
        model.item_factors = start
        model.fit(observed, show_progress=False, callback=lambda *_: tick())
    return np.ascontiguousarray(model.item_factors, dtype=np.float32)
