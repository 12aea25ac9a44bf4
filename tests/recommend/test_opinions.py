"""Asked of all videos or through indexes, the experts say what `fused` says, video by video."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.recommend.worlds import history
from vireo.behavior.base import History
from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.serial import Serial
from vireo.interest.base import Batch, InterestModel, InterestSection, Training
from vireo.interest.contract import training_of
from vireo.interest.fusion import fused
from vireo.interest.new_items import with_new_items
from vireo.interest.registry import EXPERTS
from vireo.recommend.index.build import plans
from vireo.recommend.index.spec import IndexSpec
from vireo.recommend.retrieve.opinions import ALL, Ensemble
from vireo.recommend.settings import IndexSection

N = 300
NAMES = ("popularity", "recent-popularity", "ease", "next-item", "sequence", "als", "content")


def world(tmp_path: Path, cold: bool = True) -> tuple[InterestModel, Training, Context]:
    """Every kind of expert, fitted on 80 viewers; of the last 30 videos nobody wanted any."""
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
    for_new = {"sequence": 0.2, "content": 0.5}
    model = InterestModel(experts, weights, training.content, {}, training.warm, for_new)
    return model, training, context


def indexed(
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
]


def same(model: InterestModel, panel: Ensemble, seen: History, n: int = N) -> None:
    total, parts = fused(model, Batch([seen], 10**6, n))
    heard = panel.score(seen, 10**6)
    some = np.array([0, 5, 77, n - 1, n - 30, 101])
    for rows in (some, ALL):
        mine = heard.parts(rows)
        for name, part in parts.items():
            alike = mine.get(name, np.zeros_like(part[0])[rows])
            np.testing.assert_allclose(alike, part[0][rows], rtol=2e-3, atol=2e-3, err_msg=name)
        np.testing.assert_allclose(sum(mine.values()), total[0][rows], rtol=2e-3, atol=4e-3)


def test_an_offset_and_repeats_are_the_fusions(tmp_path: Path) -> None:
    model, training, context = world(tmp_path)
    other = replace(model, offset=0.8, allow_repeats=True)
    for found in ({}, indexed(other, training, context)):
        for seen in HISTORIES[:2]:
            same(other, Ensemble.of(other, N, found), seen)


@pytest.mark.parametrize("seen", HISTORIES)
@pytest.mark.parametrize("cold", [True, False])
def test_every_part_is_the_one_of_the_fusion(tmp_path: Path, seen: History, cold: bool) -> None:
    model, training, context = world(tmp_path, cold)
    same(model, Ensemble.of(model, N, {}), seen)
    for until in (0, 10**6):
        found = indexed(model, training, context, exact_max_videos=until)
        assert set(found) == {"sequence", "als", "content"}
        same(model, Ensemble.of(model, N, found), seen)


def test_with_every_video_a_candidate_the_best_are_the_fusions(tmp_path: Path) -> None:
    model, training, context = world(tmp_path)
    panel = Ensemble.of(model, N, indexed(model, training, context))
    seen = HISTORIES[0]
    allowed = np.ones(N, dtype=np.bool_)
    heard = panel.score(seen, 10**6)
    brought = np.unique(np.concatenate([o.best(N, allowed) for o in heard.said.values()]))
    assert brought.tolist() == list(range(N))
    mine = np.argsort(-sum(heard.parts(brought).values()), kind="stable")[:20]
    total = fused(model, Batch([seen], 10**6, N))[0][0]
    np.testing.assert_allclose(np.sort(total[mine]), np.sort(total)[-20:], atol=5e-3)


def test_newcomers_are_found_through_the_old_plans(tmp_path: Path) -> None:
    model, training, context = world(tmp_path)
    found = indexed(model, training, context)
    twin = training.content[60]
    wider = with_new_items(model, twin[None])
    panel = Ensemble.of(wider, N + 1, found)
    seen = history([60, 60])
    same(wider, panel, seen, N + 1)
    allowed = np.ones(N + 1, dtype=np.bool_)
    best = panel.score(seen, 10**6).said["content"].best(2, allowed)
    assert set(best.tolist()) == {60, N}


def test_a_viewer_of_whom_no_expert_knows_anything_hears_what_is_popular(tmp_path: Path) -> None:
    model, _, _ = world(tmp_path)
    only = InterestModel(
        {name: model.experts[name] for name in ("popularity", "recent-popularity", "ease")},
        {"popularity": 0.0, "recent-popularity": 0.0, "ease": 1.0},
        model.content,
        {},
        model.warm,
    )
    seen = history([299])  # nobody else wanted it: item-item says nothing
    same(only, Ensemble.of(only, N, {}), seen)


@pytest.mark.parametrize("seen", HISTORIES)
def test_neighbours_are_asked_for_few_and_say_what_the_fusion_says(
    tmp_path: Path, seen: History
) -> None:
    model, training, context = world(tmp_path)
    names = ("item-knn", "transitions")
    counted = {n: EXPERTS.get(n).fit(training, InterestSection(), context) for n in names}
    experts = {**counted, "content": model.experts["content"]}
    other = replace(model, experts=experts, weights={"item-knn": 0.6, "transitions": 0.4})
    panel = Ensemble.of(other, N, indexed(other, training, context))
    heard = panel.score(seen, 10**6)
    told = [name for name, opinion in heard.said.items() if opinion.sparse_scores is not None]
    assert told == list(names) or not heard.for_new
    same(other, panel, seen)
    wider = with_new_items(other, training.content[60][None])
    same(wider, Ensemble.of(wider, N + 1, indexed(other, training, context)), seen, N + 1)
    whole = Ensemble.of(other, N, {}).score(seen, 10**6)
    allowed = np.ones(N, dtype=np.bool_)
    for name in told:
        said = whole.said[name]
        mine, best = heard.said[name].best(40, allowed), said.best(40, allowed)
        np.testing.assert_allclose(said.scores(mine), said.scores(best), rtol=1e-6)
