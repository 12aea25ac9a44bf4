"""Metrics beyond accuracy: novelty, diversity, calibration, popularity lift, coverage, Gini.

Per user, over the first k videos of the list: `novelty`, the mean self-information -log2(viewers /
users) in bits (Zhou et al. 2010), a video without users counting as watched once;
`diversity`, the mean of 1 - cosine over all pairs (Ziegler et al. 2005); `calibration`, the
Jensen-Shannon divergence in bits between the topics of the user's positives and those of the list
(Steck 2018): 0 fits, 1 has nothing in common; `popularity_lift`, the mean number of viewers of the
list over that of the user's own videos, minus 1 (Abdollahpouri et al. 2021). Over all lists:
`coverage`, the share of the catalogue that is shown at all, and `gini`, how unequally it is
shown: 0 if all videos are shown equally, 1 if only one is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vireo.arrays import Bools, Doubles, Floats, Ints, unit_rows
from vireo.behavior.base import Histories, History

PER_USER = ("novelty", "diversity", "calibration", "popularity_lift")
OVER_ALL = ("coverage", "gini")
LOWER_IS_BETTER = frozenset({"calibration", "gini"})


@dataclass(frozen=True)
class MetricContext:
    """Facts about the n videos besides the targets."""

    watchers: Ints
    """(n,) users with a positive of each before the evaluation period."""
    users: int
    content: Floats
    """(n, d) content rows, zeros where nothing is known; d may be 0."""
    topic_of: Ints
    """(n,) the topic of each, -1 for none."""

    @classmethod
    def of(
        cls, histories: Histories, content: Floats | None = None, topic_of: Ints | None = None
    ) -> MetricContext:
        """From what was learned from; without content or topics their metrics are left out."""
        n = histories.n_videos
        rows = np.zeros((n, 0), dtype=np.float32) if content is None else unit_rows(content)
        topics = np.full(n, -1, dtype=np.int64) if topic_of is None else topic_of
        return cls(histories.user_counts(), len(histories), rows, topics.astype(np.int64))

    @property
    def n_topics(self) -> int:
        return int(self.topic_of.max(initial=-1)) + 1


def per_list(
    ranked: Ints, histories: Sequence[History], background: MetricContext
) -> dict[str, Doubles]:
    """Every metric of PER_USER, one value per list; NaN where it cannot be said. (u, k)"""
    shown = ranked >= 0
    rows = np.where(shown, ranked, 0)
    return {
        "novelty": _novelty(rows, shown, background),
        "diversity": _diversity(rows, shown, background),
        "calibration": _calibration(rows, shown, histories, background),
        "popularity_lift": _lift(rows, shown, histories, background),
    }


def _novelty(rows: Ints, shown: Bools, background: MetricContext) -> Doubles:
    users = max(background.users, 1)
    bits = -np.log2(np.maximum(background.watchers, 1) / users)
    return _mean(np.where(shown, bits[rows], 0.0), shown)


def _diversity(rows: Ints, shown: Bools, background: MetricContext) -> Doubles:
    vectors = background.content[rows] * shown[:, :, None]
    known = np.asarray(vectors.any(axis=2))
    count = known.sum(axis=1).astype(np.float64)
    together = vectors.sum(axis=1, dtype=np.float64)
    own = (vectors.astype(np.float64) ** 2).sum(axis=(1, 2))
    pairs = count * (count - 1)
    similarity = ((together**2).sum(axis=1) - own) / np.maximum(pairs, 1)
    return np.where(pairs > 0, 1.0 - similarity, np.nan)


def _calibration(
    rows: Ints, shown: Bools, histories: Sequence[History], background: MetricContext
) -> Doubles:
    topics = background.n_topics
    if not topics:
        return np.full(len(rows), np.nan)
    listed = _shares(
        [own[keep] for own, keep in zip(rows, shown, strict=True)], background.topic_of, topics
    )
    positive = _shares([h.positives.videos for h in histories], background.topic_of, topics)
    middle = (listed + positive) / 2
    divergence = (_relative(listed, middle) + _relative(positive, middle)) / 2
    known = (listed.sum(axis=1) > 0) & (positive.sum(axis=1) > 0)
    return np.where(known, np.maximum(divergence, 0.0), np.nan)


def _shares(videos: Sequence[Ints], topic_of: Ints, topics: int) -> Doubles:
    """Per user the share of each topic among the videos that have one. (u, t)"""
    shares = np.zeros((len(videos), topics))
    for row, own in enumerate(videos):
        found = topic_of[own]
        counts = np.bincount(found[found >= 0], minlength=topics)
        shares[row] = counts / max(counts.sum(), 1)
    return shares


def _relative(one: Doubles, other: Doubles) -> Doubles:
    """Kullback-Leibler divergence per row, in bits."""
    ratio = np.where(one > 0, one / np.where(other > 0, other, 1.0), 1.0)
    return np.asarray((one * np.log2(ratio)).sum(axis=1))


def _lift(
    rows: Ints, shown: Bools, histories: Sequence[History], background: MetricContext
) -> Doubles:
    listed = _mean(np.where(shown, background.watchers[rows], 0.0), shown)
    liked = [history.positives.videos for history in histories]
    lengths = np.array([len(videos) for videos in liked])
    owner = np.repeat(np.arange(len(liked)), lengths)
    watched = background.watchers[np.concatenate([*liked, np.zeros(0, dtype=np.int64)])]
    own = np.bincount(owner, watched, minlength=len(liked)) / np.maximum(lengths, 1)
    return np.where(own > 0, listed / np.where(own > 0, own, 1.0) - 1.0, np.nan)


def _mean(values: Doubles, shown: Bools) -> Doubles:
    count = shown.sum(axis=1)
    return np.where(count > 0, values.sum(axis=1) / np.maximum(count, 1), np.nan)


@dataclass
class ExposureCounts:
    """How often each video was shown, gathered list by list."""

    n_videos: int
    counts: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros(self.n_videos, dtype=np.int64)

    def show(self, ranked: Ints) -> None:
        """Count the videos of some lists. (u, k)"""
        self.counts += np.bincount(ranked[ranked >= 0], minlength=self.n_videos)

    def coverage(self) -> float:
        return float((self.counts > 0).mean()) if self.n_videos else 0.0

    def gini(self) -> float:
        total = int(self.counts.sum())
        if not total or self.n_videos < 2:
            return 0.0
        rising = np.sort(self.counts).astype(np.float64)
        places = np.arange(1, self.n_videos + 1)
        weights = 2 * places - self.n_videos - 1
        return float((weights * rising).sum() / ((self.n_videos - 1) * total))
