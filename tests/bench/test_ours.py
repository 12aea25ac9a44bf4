"""Vireo's own adapter and the reference systems, on real files through the runner."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.base import Split
from bench.cases import CASES, prepare
from bench.results import load
from bench.runner import Bench, run_system
from bench.system_registry import System, chosen
from bench.vireo_adapter import asked_in, best, lists_for
from bench.world import histories_of
from tests.bench.world import data_of, many_users, split_of
from tests.real_data import data_folder
from vireo.arrays import Floats
from vireo.config import Config
from vireo.interest.base import Batch


def metrics(bench: Bench, split: Split, system: System) -> dict[str, float]:
    line = run_system(bench, system, split)
    assert "FAILED" not in line, line
    rows = load(bench.results / f"{split.name}.json")["rows"]
    found: dict[str, float] = next(r["metrics"] for r in rows if r["system"] == system.name)
    return found


def test_popularity_has_its_known_figures_on_movielens(tmp_path: Path) -> None:
    data = data_folder("ml-1m").parent
    bench = Bench(tmp_path / "work", tmp_path / "results")
    split = prepare(CASES["ml-1m--leave-one-out"], data, bench.work)
    (system,) = chosen(split.name, ["popularity"])
    found = metrics(bench, split, system)
    assert found["hit_rate@10"] == pytest.approx(0.0392, abs=0.00005)
    assert found["ndcg@10"] == pytest.approx(0.0193, abs=0.00005)


def test_the_whole_stack_and_one_expert_rank_a_split(tmp_path: Path) -> None:
    """Two tastes: whoever knows them beats popularity by far."""
    rng = np.random.default_rng(2)
    users = [(rng.permutation(30)[:12] + 30 * (row % 2)).tolist() for row in range(120)]
    split = split_of(data_of(users), "leave-one-out", tmp_path)
    bench = Bench(tmp_path / "work", tmp_path / "results")
    ours = System(
        name="vireo",
        adapter="bench.vireo_adapter",
        splits=("*",),
        source="made up",
        settings={"interest.validation": "last", "interest.experts": ["popularity", "ease"]},
    )
    alone = System(
        name="vireo:ease",
        adapter="bench.vireo_adapter",
        splits=("*",),
        source="made up",
        settings={"expert": "ease", "interest.ease.regularization": 5.0},
    )
    (popularity,) = chosen("ml-1m--time", ["popularity"])
    base = metrics(bench, split, popularity)["hit_rate@10"]
    assert metrics(bench, split, ours)["hit_rate@10"] > base + 0.1
    assert metrics(bench, split, alone)["hit_rate@10"] > base + 0.1


def test_users_are_asked_at_their_own_time_where_it_matters(tmp_path: Path) -> None:
    data = data_of([[0, 1], [1, 0], [0, 2], [2, 3]], [[1, 50], [2, 60], [3, 50], [4, 70]], items=5)
    split = split_of(data, "leave-one-out", tmp_path)
    histories = histories_of(split, Config())
    users = tmp_path / "users.txt"
    users.write_text("".join(f"{u} {t}\n" for u, t in sorted(split.asked.items())))
    known, asked = asked_in(users)
    assert asked.tolist() == [50_000, 60_000, 50_000, 70_000]
    heard: list[list[int]] = []

    def by_time(batch: Batch) -> Floats:
        heard.append(list(batch.moments))
        return np.tile(np.arange(5, dtype=np.float32), (len(batch.histories), 1))

    lists_for(by_time, histories, known, asked, split)
    assert heard == [[50_000, 60_000, 50_000, 70_000]]


def test_the_best_unseen_with_ties_in_the_order_of_the_catalogue(tmp_path: Path) -> None:
    histories = histories_of(split_of(many_users(3), "random", tmp_path), Config())
    batch = Batch([histories.row(row) for row in range(3)], 0, 150)
    scores = np.zeros((3, 150), dtype=np.float32)
    scores[:, 149] = 1.0
    lists = best(scores, batch, np.ones(150, dtype=np.bool_))
    for row, history in zip(lists, batch.histories, strict=True):
        unseen = [i for i in range(149) if i not in history.videos]
        first = [] if 149 in history.videos else [149]
        assert row.tolist() == [*first, *unseen][:100]
