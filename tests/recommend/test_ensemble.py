"""The one ensemble in all its forms: single users, blocks, column subsets, moments, ANN indexes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.interest.plain_ensemble import plain_parts
from tests.recommend.worlds import history
from vireo.behavior.base import History
from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.serial import Serial
from vireo.interest.base import Batch, InterestModel, InterestSection, Training
from vireo.interest.contract import training_of
from vireo.interest.ensemble import ColumnSubset, Ensemble
from vireo.interest.new_items import with_new_items
from vireo.interest.registry import EXPERTS
from vireo.recommend.context import indexed_ensemble
from vireo.recommend.index.build import plans
from vireo.recommend.index.spec import IndexSpec
from vireo.recommend.settings import IndexSection
from vireo.recommend.top_k import best_rows

N = 300
NOW = 10**6
NAMES = ("popularity", "recent-popularity", "ease", "next-item", "sequence", "als", "content")


def world(tmp_path: Path, cold: bool = True) -> tuple[InterestModel, Training, Context]:
    """Every kind of expert, fitted on 80 users; the last 30 videos are cold items."""
    random = np.random.default_rng(3)
    last = N - 30 if cold else N
    users = [random.permutation(last)[:12].tolist() for _ in range(80)]
    users += [list(range(at, min(at + 20, last))) for at in range(0, last, 20)]
    context = Context(Serial(EngineSection()), tmp_path, NullProgress(), 0)
    section = InterestSection.model_validate(
        {"sequence": {"epochs": 1, "min_steps": 1}, "als": {"embedding_size": 8}}
    )
    training = training_of(users, N)
    experts = {name: EXPERTS.get(name).fit(training, section, context) for name in NAMES}
    weights = dict(zip(NAMES, (0.1, 0.1, 0.2, 0.2, 0.2, 0.2, 0.0), strict=True))
    cold_weights = {"sequence": 0.2, "content": 0.5}
    model = InterestModel(experts, weights, training.content, {}, training.warm, cold_weights)
    return model, training, context


def specs_of(
    model: InterestModel, training: Training, context: Context, **more: Any
) -> dict[str, IndexSpec]:
    pytest.importorskip("faiss")
    section = IndexSection.model_validate(
        {"full_scoring_max_videos": 0, "target_recall": 1.0, **more}
    )
    return plans(model, training.histories, section, context)


HISTORIES = [
    history([4, 9, 60]),
    history([4, 9, 4, 271, 100], [1.0, -1.0, 2.0, 1.0, 1.0]),
    history(list(range(290))),
    history([299]),
    History.empty(),
]


def assert_as_defined(
    model: InterestModel, ensemble: Ensemble, seen: list[History], n: int = N
) -> None:
    """Parts and totals, of all columns and of some, are those of the definition."""
    batch = Batch(seen, NOW, n)
    scores = ensemble.score(batch)
    expected = [np.sum(list(parts.values()), axis=0) for parts in plain_parts(model, batch)]
    some = np.array([0, 5, 77, 101, n - 30, n - 1])
    for columns in (some, slice(None)):
        total = sum(scores.parts(columns).values())
        assert isinstance(total, np.ndarray)
        for row, wanted in enumerate(expected):
            np.testing.assert_allclose(total[row], wanted[columns], rtol=2e-3, atol=4e-3)
    np.testing.assert_allclose(scores.total(), np.array(expected), rtol=2e-3, atol=4e-3)
    subset = ColumnSubset(ensemble, some)
    memory = np.full(len(seen) * len(some) + 5, np.nan, dtype=np.float32)
    inside = scores.total(subset, memory)
    np.testing.assert_allclose(inside, np.array(expected)[:, some], rtol=2e-3, atol=4e-3)


def every_form(model: InterestModel, specs: Mapping[str, IndexSpec], n: int = N) -> list[Ensemble]:
    plain = Ensemble.of(model, n)
    return [plain, plain.with_moments(), indexed_ensemble(model, n, specs)[0]]


@pytest.mark.parametrize("cold", [True, False])
def test_single_users_and_blocks_have_the_scores_of_the_definition(
    tmp_path: Path, cold: bool
) -> None:
    model, training, context = world(tmp_path, cold)
    for until in (0, 10**6):
        specs = specs_of(model, training, context, exact_max_videos=until)
        assert set(specs) == {"sequence", "als", "content"}
        for ensemble in every_form(model, specs):
            assert_as_defined(model, ensemble, HISTORIES)
            for seen in HISTORIES:
                assert_as_defined(model, ensemble, [seen])


def test_offset_and_repeats(tmp_path: Path) -> None:
    model, training, context = world(tmp_path)
    other = replace(model, offset=0.8, allow_repeats=True)
    for ensemble in every_form(other, specs_of(other, training, context)):
        assert_as_defined(other, ensemble, HISTORIES[:2])


def test_the_indexes_find_the_best_of_all(tmp_path: Path) -> None:
    model, training, context = world(tmp_path)
    ensemble, indexes = indexed_ensemble(model, N, specs_of(model, training, context))
    batch = Batch([HISTORIES[0]], NOW, N)
    scores = ensemble.score(batch)
    allowed = np.ones(N, dtype=np.bool_)
    found = [best_rows(one, indexes.get(name), N, allowed) for name, one in scores.experts.items()]
    brought = np.unique(np.concatenate(found))
    assert brought.tolist() == list(range(N))
    total = np.asarray(sum(plain_parts(model, batch)[0].values()))
    mine = np.argsort(-np.asarray(sum(scores.parts(brought).values()))[0], kind="stable")[:20]
    np.testing.assert_allclose(np.sort(total[mine]), np.sort(total)[-20:], atol=5e-3)


def test_videos_added_after_the_build_are_found_through_the_stored_index(tmp_path: Path) -> None:
    model, training, context = world(tmp_path)
    wider = with_new_items(model, training.content[60][None])
    ensemble, indexes = indexed_ensemble(wider, N + 1, specs_of(model, training, context))
    seen = history([60, 60])
    assert_as_defined(wider, ensemble, [seen], N + 1)
    content = ensemble.score(Batch([seen], NOW, N + 1)).experts["content"]
    best = best_rows(content, indexes["content"], 2, np.ones(N + 1, dtype=np.bool_))
    assert set(best.tolist()) == {60, N}


def test_users_whom_no_weighted_expert_can_rank_get_popular_videos(tmp_path: Path) -> None:
    model, _, _ = world(tmp_path)
    only = InterestModel(
        {name: model.experts[name] for name in ("popularity", "recent-popularity", "ease")},
        {"popularity": 0.0, "recent-popularity": 0.0, "ease": 1.0},
        model.content,
        {},
        model.warm,
    )
    unknown = history([299])  # the only interaction with this video: item-item scores are 0
    ensemble = Ensemble.of(only, N)
    scores = ensemble.score(Batch([unknown, HISTORIES[0]], NOW, N))
    assert scores.weights["popularity"].tolist() == [0.5, 0.0]
    assert scores.weights["ease"].tolist() == [0.0, 1.0]
    assert_as_defined(only, ensemble, [unknown, HISTORIES[0]])


@pytest.mark.parametrize("seen", HISTORIES[:4])
def test_sparse_scores_of_neighborhood_experts(tmp_path: Path, seen: History) -> None:
    model, training, context = world(tmp_path)
    names = ("item-knn", "transitions")
    counted = {n: EXPERTS.get(n).fit(training, InterestSection(), context) for n in names}
    experts = {**counted, "content": model.experts["content"]}
    other = replace(model, experts=experts, weights={"item-knn": 0.6, "transitions": 0.4})
    specs = specs_of(other, training, context)
    ensemble = indexed_ensemble(other, N, specs)[0]
    batch = Batch([seen], NOW, N)
    scores = ensemble.score(batch)
    sparse = [name for name, one in scores.experts.items() if one.sparse is not None]
    assert sparse == list(names)
    assert_as_defined(other, ensemble, [seen])
    wider = with_new_items(other, training.content[60][None])
    assert_as_defined(wider, indexed_ensemble(wider, N + 1, specs)[0], [seen], N + 1)
    whole = Ensemble.of(other, N).score(batch)
    allowed = np.ones(N, dtype=np.bool_)
    for name in sparse:
        dense = whole.experts[name].all_scores[0]
        mine = best_rows(scores.experts[name], None, 40, allowed)
        best = best_rows(whole.experts[name], None, 40, allowed)
        np.testing.assert_allclose(dense[mine], dense[best], rtol=1e-6)


def test_standardized_scores_have_mean_0_and_deviation_1_among_candidates(tmp_path: Path) -> None:
    model, _, _ = world(tmp_path)
    seen = HISTORIES[0]
    scores = Ensemble.of(model, N).score(Batch([seen], NOW, N))
    for name, expert in model.experts.items():
        if name not in scores.experts:
            continue
        z = scores.standardized(name)[0].astype(np.float64)
        among = (model.warm | expert.scores_cold_items) & ~np.isin(np.arange(N), seen.videos)
        assert z[among].mean() == pytest.approx(0.0, abs=1e-4)
        assert z[among].std() == pytest.approx(1.0, abs=1e-3)
        assert not z[~model.warm].any() or expert.scores_cold_items
