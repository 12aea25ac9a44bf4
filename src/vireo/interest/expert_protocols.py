"""Optional abilities of an expert, beside `fit` and `score`.

An expert class has an ability if it defines the members of the protocol; nothing is registered.
`Abilities.of` looks them up once per fitted expert. Contract tests for each are in
`vireo.interest.contract`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, cast

import numpy as np

from vireo.arrays import Floats, Ints, matched
from vireo.behavior.base import History
from vireo.interest.batch import Batch
from vireo.interest.expert import Expert


@dataclass(frozen=True)
class SparseScores:
    """Non-zero scores of one user; all other videos score 0.

    Neighborhood models score some hundred videos of a large catalogue: a dense row takes a
    hundred times as long to write, standardize and sort.
    """

    rows: Ints
    """(f,) rising."""
    values: Floats
    """(f,)"""
    n_videos: int

    @property
    def dense(self) -> Floats:
        """(n,) scores of all videos."""
        scores = np.zeros(self.n_videos, dtype=np.float32)
        scores[self.rows] = self.values
        return scores

    def at(self, rows: Ints) -> Floats:
        """(m,) scores of some videos."""
        there, place = matched(rows, self.rows)
        scores = np.zeros(len(rows), dtype=np.float32)
        scores[there] = self.values[place]
        return scores


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
        """(m, d) rows that add up to the user vector, one per interaction; None: not available.

        Their dot products with an item vector are the contributions to its score.
        """
        ...


class SupportsSparseScores(Protocol):
    """Most scores of one user are 0, and the others are known without computing all."""

    def sparse_scores(self, history: History) -> SparseScores | None:
        """Non-zero scores of one user; None: not available for this instance."""
        ...


class SupportsSubsetScores(Protocol):
    """Only a subset of the videos is scored; all others score 0."""

    @property
    def videos(self) -> Ints:
        """(w,) rows of the subset, rising."""
        ...

    def score_subset(self, batch: Batch) -> Floats:
        """(b, w) scores of the subset."""
        ...


class SupportsContributionsTo(Protocol):
    """Contributions to several videos at once, cheaper than one by one."""

    def contributions_to(self, history: History, videos: Ints) -> Floats:
        """(m, v) part of the score of each video that each interaction adds."""
        ...


class SupportsWarmStart(Protocol):
    """`fit` continues from `Training.before[name]` instead of starting at random weights."""

    warm_start: ClassVar[bool]


class SupportsUnlearning(Protocol):
    """One user's interactions can be removed from the fitted parameters, exactly."""

    def without(self, history: History) -> Expert:
        """The expert as if this history had not been in its training."""
        ...


@dataclass(frozen=True)
class Abilities:
    """One fitted expert as each of the optional protocols; None: it has not got the ability."""

    dot_product: SupportsDotProduct | None
    sparse: SupportsSparseScores | None
    subset: SupportsSubsetScores | None
    contributions: SupportsContributionsTo | None
    warm_start: bool
    unlearning: SupportsUnlearning | None

    @classmethod
    def of(cls, expert: Expert) -> Abilities:
        """Members are looked up on the class, so that no property is computed."""

        def able(*members: str) -> Any:
            return expert if all(hasattr(type(expert), name) for name in members) else None

        return cls(
            dot_product=able("vectors", "user_vectors", "shares"),
            sparse=able("sparse_scores"),
            subset=able("score_subset"),
            contributions=able("contributions_to"),
            warm_start=bool(able("warm_start") and cast("SupportsWarmStart", expert).warm_start),
            unlearning=able("without"),
        )


def contributions_to(expert: Expert, history: History, videos: Ints) -> Floats | None:
    """(m, v) contributions to the scores of some videos (v,); None if the expert has none."""
    able = Abilities.of(expert).contributions
    if able is not None:
        return np.asarray(able.contributions_to(history, videos), dtype=np.float32)
    each = [expert.contributions(history, video) for video in videos.tolist()]
    available = [one for one in each if one is not None]
    return np.stack(available, axis=1) if available and len(available) == len(each) else None
