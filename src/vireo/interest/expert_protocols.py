"""Optional abilities of an expert, beside `fit` and `score`.

An expert class has an ability if it defines the members of the protocol; nothing is registered.
The function below each protocol returns the expert as that type, or None. Contract tests for each
are in `vireo.interest.contract`.
"""

from __future__ import annotations

from typing import ClassVar, Protocol, cast

import numpy as np

from vireo.arrays import Floats, Ints
from vireo.behavior.base import History
from vireo.interest.expert import Batch, Expert
from vireo.interest.sparse_scores import SparseScores


class SupportsDotProduct(Protocol):
    """Scores are dot products: score(batch) = user_vectors(batch) @ vectors.T.

    Such an expert can score single videos, and an ANN index can search its vectors.
    """

    @property
    def vectors(self) -> Floats | None:
        """(n, d) item vectors of the catalogue; None: this instance has no dot products."""
        ...

    def user_vectors(self, batch: Batch) -> Floats:
        """(b, d)"""
        ...

    def shares(self, history: History) -> Floats | None:
        """(m, d) rows that add up to the user vector, one per interaction; None: not known.

        Their dot products with an item vector are the contributions to its score.
        """
        ...


def dot_product(expert: Expert) -> SupportsDotProduct | None:
    """The expert, if its scores are dot products."""
    able = _has(expert, "vectors", "user_vectors", "shares")
    return cast("SupportsDotProduct", expert) if able else None


class SupportsSparseScores(Protocol):
    """Most scores of one user are 0, and the others are known without computing all."""

    def sparse_scores(self, history: History) -> SparseScores | None:
        """The non-zero scores of one user; None: not available for this instance."""
        ...


def sparse_scores_of(expert: Expert, history: History) -> SparseScores | None:
    """The sparse scores of one user, if the expert has such."""
    if not _has(expert, "sparse_scores"):
        return None
    return cast("SupportsSparseScores", expert).sparse_scores(history)


class SupportsSubsetScores(Protocol):
    """Only a subset of the videos is scored; all others score 0."""

    @property
    def videos(self) -> Ints:
        """(w,) rows of the subset, rising."""
        ...

    def score_subset(self, batch: Batch) -> Floats:
        """(b, w) scores of the subset."""
        ...


def subset_scores(expert: Expert, batch: Batch) -> tuple[Floats, Ints] | None:
    """Scores (b, w) and rows (w,) of the subset, if the expert scores one."""
    if not _has(expert, "score_subset"):
        return None
    able = cast("SupportsSubsetScores", expert)
    return np.ascontiguousarray(able.score_subset(batch), dtype=np.float32), able.videos


class SupportsContributionsTo(Protocol):
    """Contributions to several videos at once, cheaper than one by one."""

    def contributions_to(self, history: History, videos: Ints) -> Floats:
        """(m, v) what each interaction adds to the score of each video."""
        ...


def contributions_to(expert: Expert, history: History, videos: Ints) -> Floats | None:
    """(m, v) contributions to the scores of some videos (v,); None if the expert has none."""
    if _has(expert, "contributions_to"):
        able = cast("SupportsContributionsTo", expert)
        return np.asarray(able.contributions_to(history, videos), dtype=np.float32)
    each = [expert.contributions(history, video) for video in videos.tolist()]
    known = [one for one in each if one is not None]
    return np.stack(known, axis=1) if known and len(known) == len(each) else None


class SupportsWarmStart(Protocol):
    """`fit` continues from `Training.before[name]` instead of starting at random weights."""

    warm_start: ClassVar[bool]


def has_warm_start(expert: Expert) -> bool:
    """Whether an earlier fit of the expert shortens the next one."""
    return _has(expert, "warm_start") and cast("SupportsWarmStart", expert).warm_start


class SupportsUnlearning(Protocol):
    """One user's interactions can be removed from the fitted parameters, exactly."""

    def without(self, history: History) -> Expert:
        """The expert as if this history had not been in its training."""
        ...


def unlearning(expert: Expert) -> SupportsUnlearning | None:
    """The expert, if it can remove a user exactly."""
    return cast("SupportsUnlearning", expert) if _has(expert, "without") else None


def _has(expert: Expert, *members: str) -> bool:
    """Members are looked up on the class, so that no property is computed."""
    return all(hasattr(type(expert), name) for name in members)
