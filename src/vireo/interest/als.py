"""Implicit matrix factorization by alternating least squares (Hu, Koren, Volinsky 2008).

A score is the dot product of a user's and a video's factors. ALS trains the video factors; a user's
factors are solved from the history at request time, so new events count without training. The
penalty grows with how often a user or a video occurs (Rendle, Krichene, Zhang, Koren 2021,
arXiv:2110.14037).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from safetensors.numpy import save_file
from scipy import sparse
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from vireo.arrays import Doubles, Floats, Ints
from vireo.artifacts.files import read_json, write_json
from vireo.artifacts.tensor_files import read_arrays
from vireo.behavior.base import History
from vireo.engine.base import Context
from vireo.interest.base import AlsSection, Batch, InterestSection, Training

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
    """(n, d); zeros for videos without positives."""
    settings: AlsSection = field(default_factory=AlsSection)

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        settings = section.als
        with (
            threadpool_limits(1, "blas"),  # the matrices are small: threads would wait, not work
            context.progress.task("matrix factorisation", settings.iterations) as tick,
        ):
            positives = training.histories.positives
            videos = alternate(positives, settings, context.seed, tick)
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
        """Exact: the solve is linear in the positives (Hu et al., section 5). (m, d)"""
        newest = history.newest_positives
        seen = self.videos[history.videos[newest]].astype(np.float64)
        shares = np.zeros((len(history.videos), self.videos.shape[1]), dtype=np.float32)
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


def penalty(count: Ints | int, others: int, settings: AlsSection) -> Doubles:
    """Ridge of a row with `count` entries out of `others` possible ones."""
    occurrences = np.asarray(count + others / settings.confidence, dtype=np.float64)
    return np.asarray(settings.regularization * occurrences**settings.frequency_scaling)


def alternate(
    observed: sparse.csr_matrix, settings: AlsSection, seed: int, tick: Callable[[], object]
) -> Floats:
    """(users, videos), non-zero for positives -> factors of the videos (videos, d).

    Videos without positives get zeros.
    """
    users, videos = observed.shape
    by_video = observed.T.tocsr()
    counts = np.diff(by_video.indptr)
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(videos, settings.embedding_size)).astype(np.float32)
    factors *= np.float32(0.1 / np.sqrt(settings.embedding_size))
    factors[counts == 0] = 0.0  # they had no chance of a positive
    for _ in range(settings.iterations):
        own = solved(observed, factors, int((counts > 0).sum()), settings)
        factors = solved(by_video, own, users, settings)
        tick()
    return factors


def solved(
    observed: sparse.csr_matrix, factors: Floats, others: int, settings: AlsSection
) -> Floats:
    """(m, n) and the factors of the columns (n, d) -> those of the rows (m, d)."""
    found = np.zeros((observed.shape[0], factors.shape[1]), dtype=np.float32)
    base = factors.T @ factors
    ridges = penalty(np.diff(observed.indptr), others, settings)
    weight = np.float32(settings.confidence)
    for row, (start, end) in enumerate(zip(observed.indptr, observed.indptr[1:], strict=False)):
        if start == end:
            continue
        seen = factors[observed.indices[start:end]]
        normal = base + (weight - 1) * (seen.T @ seen)
        normal[np.diag_indices_from(normal)] += ridges[row]
        found[row] = np.linalg.solve(normal, weight * seen.sum(axis=0))
    return found
