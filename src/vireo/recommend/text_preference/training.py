"""Training of the text preference model, used only with a significant gain on held-out users.

Users are drawn at random. Most are for training: a ridge regression, in closed form, from their
queries to their other positives. A second part chooses penalty and weight. A third part decides:
NDCG@10 against the list of a cold-start user with the same text, without the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from vireo.arrays import Doubles, Floats, Ints
from vireo.behavior.base import Histories
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.context import standardized
from vireo.recommend.retrieve.cold_start import popular_columns
from vireo.recommend.settings import RecommendSection
from vireo.recommend.significance import significance_test
from vireo.recommend.text_preference.model import TextPreferenceModel
from vireo.recommend.text_preference.synthetic_queries import SyntheticQuery, cases_of, words_of

MIN_USERS = 200
"""Viewers below which nothing is learnt."""
MAX_VIDEOS = 20_000
"""Videos with weights, most frequent first: 4 bytes each per dimension of an embedding."""
PENALTIES = (3.0, 10.0, 30.0, 100.0)
WEIGHTS = (1.0, 2.0, 4.0, 8.0, 16.0)
GOOD_ENOUGH = 0.98
"""Of the best NDCG: the smallest weight that reaches it leaves most to the words themselves."""
K = 10
ReadTexts = Callable[[Sequence[str]], Floats]
"""Sentences -> (m, d) in the space of `Catalogue.text`."""


def learn(
    catalogue: Catalogue,
    histories: Histories,
    read: ReadTexts,
    section: RecommendSection,
    seed: int,
) -> TextPreferenceModel | None:
    """The map with its report; None where there are too few viewers, texts or words."""
    random = np.random.default_rng(seed)
    words = words_of(catalogue)
    users = random.permutation(len(histories))[: section.text_preference.users].tolist()
    if len(users) < MIN_USERS or not catalogue.text.any():
        return None
    cut = len(users) // 10
    choosing, deciding, teaching = users[:cut], users[cut : 2 * cut], users[2 * cut :]
    taught = [
        *cases_of(histories, words, teaching, random),
        *cases_of(histories, words, teaching, random, shorter=True),
    ]
    chosen, decided = (cases_of(histories, words, part, random) for part in (choosing, deciding))
    if len(taught) < MIN_USERS or min(len(chosen), len(decided)) < cut // 2:
        return None
    validation = TextPreferenceValidation.of(
        catalogue, section.query_weight, _known(taught, len(catalogue))
    )
    best = _best(fits(taught, read, catalogue), validation, chosen, read)
    return _judged(best, validation, decided, read(_sentences(decided)))


def fits(
    cases: Sequence[SyntheticQuery], read: ReadTexts, catalogue: Catalogue
) -> Iterator[TextPreferenceModel]:
    """The map for every penalty: (X'X + c I)^-1 X'Y, X and Y about their means."""
    vectors = read(_sentences(cases)).astype(np.float64)
    videos = _known(cases, len(catalogue))
    targets = _target_matrix(cases, len(catalogue))[:, videos]
    center, usual = vectors.mean(axis=0), np.asarray(targets.mean(axis=0)).ravel()
    about = vectors - center
    gram, both = about.T @ about, np.asarray((targets.T @ about).T)
    for penalty in PENALTIES:
        weights = np.linalg.solve(gram + penalty * np.eye(len(gram)), both)
        learnt, middle, common = (p.astype(np.float32) for p in (weights, center, usual))
        yield TextPreferenceModel(videos, middle, learnt, common, report={"penalty": penalty})


def _sentences(cases: Sequence[SyntheticQuery]) -> list[str]:
    return [case.sentence for case in cases]


def _known(cases: Sequence[SyntheticQuery], n_videos: int) -> Ints:
    counts = np.bincount(np.concatenate([case.targets for case in cases]), minlength=n_videos)
    most = np.argsort(-counts, kind="stable")[:MAX_VIDEOS]
    return np.sort(most[counts[most] > 0])


def _target_matrix(cases: Sequence[SyntheticQuery], n_videos: int) -> sparse.csr_matrix:
    """One row of length 1 per case, so that each user has the same influence. (m, n)"""
    sizes = np.array([len(case.targets) for case in cases])
    values = np.repeat(1.0 / np.sqrt(np.maximum(sizes, 1)), sizes)
    columns = np.concatenate([case.targets for case in cases])
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    return sparse.csr_matrix((values, columns, offsets), shape=(len(cases), n_videos))


@dataclass(frozen=True)
class TextPreferenceValidation:
    """Cold-start scores without the model, for the videos of the model."""

    videos: Ints
    popularity: Floats
    """(w,) scores of popularity and freshness."""
    text: Floats
    """(w, d)"""
    like_weight: float

    @classmethod
    def of(cls, catalogue: Catalogue, like_weight: float, videos: Ints) -> TextPreferenceValidation:
        popularity = np.sum(list(popular_columns(catalogue).values()), axis=0)
        return cls(videos, popularity[videos], catalogue.text[videos], like_weight)

    def without(self, vectors: Floats) -> Floats:
        """(b, w) scores of the texts without the model."""
        near = [standardized(row) for row in vectors @ self.text.T]
        return np.asarray(self.popularity + self.like_weight * np.stack(near), dtype=np.float32)

    def ndcg(self, totals: Floats, cases: Sequence[SyntheticQuery]) -> Doubles:
        """NDCG@10 of the whole ranking, the videos behind the sentence left out. (b,)"""
        values = np.zeros(len(cases))
        discounts = 1.0 / np.log2(np.arange(2, K + 2))
        for at, case in enumerate(cases):
            own = np.where(np.isin(self.videos, case.picked), -np.inf, totals[at])
            listed = self.videos[np.argsort(-own, kind="stable")[:K]]
            hits = np.isin(listed, case.targets)
            values[at] = discounts[: len(listed)][hits].sum() / discounts[: len(case.targets)].sum()
        return values


def _best(
    maps: Iterator[TextPreferenceModel],
    validation: TextPreferenceValidation,
    cases: Sequence[SyntheticQuery],
    read: ReadTexts,
) -> TextPreferenceModel:
    """The penalty whose best weight is best; of its weights the smallest that is good enough."""
    vectors = read(_sentences(cases))
    plain, tried = validation.without(vectors), []
    for made in maps:
        own = made.of_known(vectors)
        figures = [float(validation.ndcg(plain + w * own, cases).mean()) for w in WEIGHTS]
        tried.append((max(figures), figures, made))
    top, figures, made = max(tried, key=lambda row: row[0])
    good = [w for w, ndcg in zip(WEIGHTS, figures, strict=True) if ndcg >= GOOD_ENOUGH * top]
    return replace(made, weight=good[0])


def _judged(
    made: TextPreferenceModel,
    validation: TextPreferenceValidation,
    cases: Sequence[SyntheticQuery],
    vectors: Floats,
) -> TextPreferenceModel:
    """The model with the result of the test; without a significant gain its weight is 0."""
    plain = validation.without(vectors)
    before = validation.ndcg(plain, cases)
    after = validation.ndcg(plain + made.weight * made.of_known(vectors), cases)
    said = significance_test(before, after, ("without", "with"))
    report = {**made.report, "weight": made.weight, **said}
    return replace(made, weight=made.weight if said["adopted"] else 0.0, report=report)
