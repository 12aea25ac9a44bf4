"""Training of the learned ranker, used only with a significant gain on held-out users.

The latest events of all users are held out, the experts are fitted on the rest, and their
candidates for these users are labeled with the held-out positives. Half of the users train the
trees, the other half test them: NDCG@10 against the plain sum, with a 95% interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vireo.arrays import Doubles, Ints
from vireo.behavior.base import Histories
from vireo.engine.base import Context
from vireo.interest.base import InterestModel, InterestSection, Training
from vireo.interest.holdout import Holdout, by_last, by_time
from vireo.interest.registry import EXPERTS
from vireo.recommend.base import Query, Slate
from vireo.recommend.catalogue import Catalogue
from vireo.recommend.context import StepContext
from vireo.recommend.rank.features import features
from vireo.recommend.rank.lambdamart_model import LambdaMartModel
from vireo.recommend.rank.score_sum import ScoreSum
from vireo.recommend.retrieve.ensemble import EnsembleRetriever
from vireo.recommend.settings import RecommendSection
from vireo.recommend.significance import significance_test

MIN_USERS = 100
"""Held-back viewers below which nothing is learnt."""
ROUNDS = 100
SETTINGS: dict[str, Any] = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 20,
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 50,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


@dataclass(frozen=True)
class RankingCase:
    """One held-out user: candidates in the order of the sum, labeled by held-out positives."""

    rows: Doubles
    """(c, f)"""
    labels: Ints
    """(c,) 1 for held-out positives."""
    targets: int
    """Held-out positives, among the candidates or not."""


def learn(
    model: InterestModel,
    catalogue: Catalogue,
    histories: Histories,
    interest: InterestSection,
    section: RecommendSection,
    context: Context,
) -> LambdaMartModel:
    """The trees with the report that says whether they are adopted; no trees, no adoption."""
    held = by_time(histories, section.ranker.users, context.seed)
    if len(held.rows) < MIN_USERS:
        held = by_last(histories, section.ranker.users, context.seed)
    if len(held.rows) < MIN_USERS:
        why = f"{len(held.rows)} viewers could be held back, {MIN_USERS} are needed"
        return LambdaMartModel("", (), {"adopted": False, "why": why})
    before = _fitted_before(model, catalogue, held, interest, context)
    sources = tuple(before.serving)
    cases = _cases(before, catalogue, held, section, sources)
    order = np.random.default_rng(context.seed).permutation(len(cases))
    teach = [cases[at] for at in order[::2].tolist()]
    decide = [cases[at] for at in order[1::2].tolist()]
    trees = LambdaMartModel(_trained(teach, context.seed), sources)
    return replace(trees, report=_verdict(trees, decide) if trees.text else {"adopted": False})


def _fitted_before(
    model: InterestModel,
    catalogue: Catalogue,
    held: Holdout,
    interest: InterestSection,
    context: Context,
) -> InterestModel:
    """The serving experts as they would have been before the held-back events."""
    described = np.asarray(model.content.any(axis=1))
    training = Training(held.histories, model.content, described, catalogue.published)
    names = [*dict.fromkeys([*model.serving, "content"])]
    experts = {name: EXPERTS.get(name).fit(training, interest, context) for name in names}
    return replace(model, experts=experts, warm=training.warm)


def _cases(
    before: InterestModel,
    catalogue: Catalogue,
    held: Holdout,
    section: RecommendSection,
    sources: Sequence[str],
) -> list[RankingCase]:
    then = replace(catalogue, user_counts=held.histories.user_counts(), index_specs={})
    step_context = StepContext(then, before, section)
    retrieve, rank = EnsembleRetriever(step_context), ScoreSum(step_context)
    cases = []
    for row, targets in zip(held.rows.tolist(), held.targets, strict=True):
        history = held.histories.row(row)
        query = Query(None, history, section.k, now=held.histories.now)
        slate = rank(query, retrieve(query, Slate.empty()))
        labels = np.isin(slate.videos, targets).astype(np.int64)
        cases.append(RankingCase(features(then, query, slate, sources), labels, len(targets)))
    return cases


def _trained(cases: Sequence[RankingCase], seed: int) -> str:
    """Trees in LightGBM's text format; empty if no candidate is a positive."""
    import lightgbm

    labeled = [case for case in cases if case.labels.any()]
    if not labeled:
        return ""
    data = lightgbm.Dataset(
        np.concatenate([case.rows for case in labeled]),
        label=np.concatenate([case.labels for case in labeled]),
        group=[len(case.labels) for case in labeled],
        params={"verbosity": -1},
    )
    booster = lightgbm.train(SETTINGS | {"seed": seed}, data, num_boost_round=ROUNDS)
    return str(booster.model_to_string())


def _verdict(trees: LambdaMartModel, cases: Sequence[RankingCase]) -> dict[str, Any]:
    """NDCG@10 of the sum and of the trees on the test users."""
    plain = np.array([_ndcg(case, case.labels) for case in cases])
    learnt = np.array([_ndcg(case, case.labels[_order(trees, case)]) for case in cases])
    return significance_test(plain, learnt, ("sum", "learned"))


def _order(trees: LambdaMartModel, case: RankingCase) -> Ints:
    said = np.asarray(trees.booster.predict(case.rows, num_threads=1))
    return np.argsort(-said, kind="stable")


def _ndcg(case: RankingCase, ranked: Ints) -> float:
    discounts = 1.0 / np.log2(np.arange(2, 12))
    best = discounts[: case.targets].sum()
    return float((discounts[: len(ranked)] * ranked[:10]).sum() / best)
