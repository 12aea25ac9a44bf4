"""The page is what the results give: cheats are flagged, foreign rows are refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.base import Split
from bench.compare import compared
from bench.evaluator import Lists, figures_of, judged
from bench.list_page import list_sections
from bench.page import check, page, pushed
from bench.results import FOLDER, BadResults, load, merge
from bench.runner import Bench, run_system
from bench.seed_variance import repeated, seeds
from bench.system_registry import ROOT
from tests.bench.world import many_users, script, split_of
from vireo.arrays import Doubles
from vireo.errors import InputError, StageFailed


def ranked(split: Split, scores: Doubles, cold_only: bool = False) -> np.ndarray:
    """The best unseen items of every test user by (users, items) scores."""
    met = split.items_of("train")
    lists = np.full((len(split.test_users), 100), -1)
    for row, user in enumerate(split.test_users.tolist()):
        own = scores[user].copy()
        own[met[user]] = -np.inf
        if cold_only:
            own[np.setdiff1d(np.arange(split.n_items), split.about["cold_items"])] = -np.inf
        best = np.argsort(-own, kind="stable")[:100]
        best = best[own[best] > -np.inf]
        lists[row, : len(best)] = best
    return lists


def row_of(split: Split, scores: Doubles, system: str) -> dict[str, Any]:
    lists = Lists(ranked(split, scores), ranked(split, scores, cold_only=True))
    judgement = judged(split, lists)
    return {
        "system": system,
        "version": "1",
        "settings": {},
        "metrics": dict(judgement.metrics),
        "intervals": {name: list(bounds) for name, bounds in judgement.intervals.items()},
        "train_seconds": 1.0,
        "peak_rss_mb": 10.0,
        "lists_per_second": 5.0,
        "command": f"python -m bench run {split.name} --systems {system}",
        "date": "2026-01-02",
        "lists_sha256": "0" * 64,
    }


def knowing(split: Split, data_seed: int = 1) -> Doubles:
    """Scores that know a little of what is hidden, warm and cold alike."""
    rng = np.random.default_rng(data_seed)
    scores = rng.random((split.about["users"], split.n_items))
    for user, items in split.items_of("test").items():
        scores[user, items] += 0.7
    return scores


def test_a_constant_added_to_cold_scores_is_seen_and_flagged(tmp_path: Path) -> None:
    split = split_of(many_users(users=120, each=30), "cold-items", tmp_path)
    honest = knowing(split)
    cheat = honest.copy()
    cheat[:, split.about["cold_items"]] += 0.8
    one, two = row_of(split, honest, "honest"), row_of(split, cheat, "cheat")
    assert two["metrics"]["within_cold_ndcg@10"] == one["metrics"]["within_cold_ndcg@10"]
    assert two["metrics"]["cold_ndcg@10"] > one["metrics"]["cold_ndcg@10"] + 0.1
    assert two["metrics"]["warm_ndcg@10"] < one["metrics"]["warm_ndcg@10"] - 0.1
    for row in (one, two):
        path = merge(tmp_path / "results", split, row)
    results = load(path)
    assert [pushed(results, row) for row in results["rows"]] == [True, False]
    text = page(tmp_path / "results", tmp_path / "docs").read_text()
    assert "| `cheat` † |" in text
    assert "† `cheat`: cold items hold" in text
    assert "`honest` †" not in text


def test_a_sampled_ranking_cannot_enter(tmp_path: Path) -> None:
    """HR@10 among 100 sampled candidates looks splendid; without full lists it is no row."""
    split = split_of(many_users(), "leave-one-out", tmp_path)
    sampled = {"system": "bert", "version": "1", "settings": {}, "metrics": {"hit_rate@10": 0.8}}
    with pytest.raises(BadResults, match="full ranking lists"):
        merge(tmp_path / "results", split, sampled)
    path = merge(tmp_path / "results", split, row_of(split, knowing(split), "honest"))
    page(tmp_path / "results", tmp_path / "docs")
    results = json.loads(path.read_text())
    typed = {k: v for k, v in results["rows"][0].items() if k != "lists_sha256"}
    results["rows"].append(typed | {"system": "from a paper"})
    path.write_text(json.dumps(results))
    with pytest.raises(BadResults, match="'from a paper' lacks lists_sha256"):
        check(tmp_path / "results", tmp_path / "docs")
    results["rows"][1] |= {"lists_sha256": "1", "metrics": {"hit_rate@10": 0.8}}
    path.write_text(json.dumps(results))
    with pytest.raises(BadResults, match="must hold exactly"):
        check(tmp_path / "results", tmp_path / "docs")


def test_rows_merge_by_system_and_go_with_their_split(tmp_path: Path) -> None:
    one = split_of(many_users(), "leave-one-out", tmp_path / "1")
    for system in ("b", "a", "b"):
        path = merge(tmp_path / "results", one, row_of(one, knowing(one), system))
    assert [row["system"] for row in load(path)["rows"]] == ["a", "b"]
    two = split_of(many_users(seed=2), "leave-one-out", tmp_path / "2")
    merge(tmp_path / "results", two, row_of(two, knowing(two), "c"))
    assert [row["system"] for row in load(path)["rows"]] == ["c"]


def test_a_row_from_another_machine_names_it_and_changes_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = split_of(many_users(), "leave-one-out", tmp_path)
    monkeypatch.setattr("bench.results.machine", lambda: "the old one")
    merge(tmp_path / "results", split, row_of(split, knowing(split), "a"))
    monkeypatch.setattr("bench.results.machine", lambda: "the new one")
    path = merge(tmp_path / "results", split, row_of(split, knowing(split), "b"))
    results = load(path)
    assert results["machine"] == "the old one"
    assert [row.get("machine") for row in results["rows"]] == [None, "the new one"]


def test_seeds_of_one_recipe_are_told_together() -> None:
    def row(system: str, seed: int, value: float, settings: dict[str, Any]) -> dict[str, Any]:
        metrics = dict.fromkeys(figures_of("leave-one-out"), value)
        return {"system": system, "seed": seed, "settings": settings, "metrics": metrics}

    same, other = {"size": "small"}, {"size": "large"}
    rows = [
        row("a", 0, 0.2, same),
        row("a:seed-1", 1, 0.3, same),
        row("a:seed-2", 2, 0.4, same),
        row("b", 0, 0.5, same),
        row("b:seed-1", 1, 0.9, other),  # another recipe
    ]
    *_, line, _ = seeds("leave-one-out", rows)
    assert line.startswith("| `a` | 0, 1, 2 | 0.3000 ± 0.1000 (0.2000 to 0.4000) |")
    assert not list(seeds("leave-one-out", rows[3:]))


def test_the_page_is_written_from_results_alone_and_noticed_when_stale(tmp_path: Path) -> None:
    results, docs = tmp_path / "results", tmp_path / "docs"
    split = split_of(many_users(), "leave-one-out", tmp_path)
    row = row_of(split, knowing(split), "a|b<c") | {"source": "someone's paper", "notes": "x|y"}
    path = merge(results, split, row)
    text = page(results, docs).read_text()
    check(results, docs)
    assert "`a\\|b&lt;c`" in text
    for figure in row["metrics"].values():
        assert f"{figure:.4f}" in text
    plot = docs / "benchmarks" / f"{split.name}.svg"
    first = plot.read_bytes()
    page(results, docs)
    assert plot.read_bytes() == first

    (docs / "benchmarks.md").write_text(text.replace("0.", "1.", 1))
    with pytest.raises(StageFailed, match=r"benchmarks\.md"):
        check(results, docs)
    (docs / "benchmarks.md").write_text(text)
    changed = json.loads(path.read_text())
    changed["rows"][0]["metrics"]["coverage@10"] += 0.00001  # too small for the text to change
    path.write_text(json.dumps(changed))
    with pytest.raises(StageFailed, match=r"\.svg"):
        check(results, docs)
    path.unlink()
    with pytest.raises(StageFailed, match=r"\.svg"):
        check(results, docs)


def test_the_committed_page_is_what_the_committed_results_give() -> None:
    check(FOLDER, ROOT / "docs")


def test_every_figure_of_the_readme_and_the_page_has_its_results_file() -> None:
    """Four decimals are how the bench prints a figure of quality."""
    known = {
        f"{value:.4f}"
        for path in FOLDER.glob("*--*.json")
        for row in load(path)["rows"]
        for values in [row["metrics"].values(), *row["intervals"].values()]
        for value in values
    }
    for path in FOLDER.glob("*--*.json"):
        results = load(path)
        for group in repeated(results["rows"]).values():
            for name in figures_of(results["protocol"]):
                drawn = [row["metrics"][name] for row in group]
                known |= {f"{np.mean(drawn):.4f}", f"{np.std(drawn, ddof=1):.4f}"}
    # notes and sources of settings tell figures too, published ones among them
    told = " ".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*--*.json"))
    known |= set(re.findall(r"(?<![\d.])[01]\.\d{4}(?!\d)", told))
    other = " ".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json"))
    known |= {f"{float(figure):.4f}" for figure in re.findall(r"(?<![\d.])[01]\.\d+", other)}
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    measured = re.findall(r"## Measured\n(.*?)\n## ", readme, re.DOTALL)
    for part in [*re.findall(r"^\| .*$", text, re.MULTILINE), *measured]:
        for figure in re.findall(r"(?<![\d.])[01]\.\d{4}(?!\d)", part):
            assert figure in known, figure


def test_two_systems_are_compared_user_by_user(tmp_path: Path) -> None:
    split = split_of(many_users(), "leave-one-out", tmp_path)
    bench = Bench(tmp_path / "work", tmp_path / "results")
    for name, more in (("one", ""), ("two", "[::-1]")):
        body = f"hand_in([unseen(user){more} for user in users])\n"
        run_system(bench, script(tmp_path, body, f"{name}.py"), split)
    same = list(compared(bench, split, "one", "one"))
    assert all("+0.0000" in line and "no difference shown" in line for line in same)
    assert list(compared(bench, split, "one", "two")) != same
    with pytest.raises(InputError, match="The lists of 'three'"):
        list(compared(bench, split, "one", "three"))


def test_the_sections_of_lists_are_what_their_files_give(tmp_path: Path) -> None:
    """A goal that was missed stands beside its figure like one that was met."""
    results, docs = tmp_path / "results", tmp_path / "docs"
    results.mkdir()
    assert list_sections(results) == ""
    made = {"date": "2026-01-02T03:04:05", "machine": "a machine", "command": ["python", "-m", "x"]}
    row = {
        "videos": 100_000,
        "median_ms": 12.34,
        "p99_ms": 56.78,
        "median_processor_ms": 9.87,
        "load_average": 0.4,
        "goal": {"median_ms": 10.0, "p99_ms": 25.0},
        "indexes_seconds": 7.0,
        "recall@100": {"one": 0.9912, "other": 0.9876},
    }
    (results / "lists.json").write_text(json.dumps(made | {"rows": [row]}))
    trees = {"users": 50, "ndcg@10": {"sum": 0.1234, "learned": 0.1111}, "adopted": False}
    rows = [trees | {"data": "films", "change": [-0.02, 0.01]}]
    (results / "ranker.json").write_text(json.dumps(made | {"rows": rows}))
    page(results, docs)
    text = (docs / "benchmarks.md").read_text()
    assert "| 100,000 | 12.3 | under 10 | 56.8 | under 25 | 9.9 | 0.4 | 0.9876 | 7 |" in text
    assert "| films | 50 | 0.1234 | 0.1111 | -0.0200 to +0.0100 | no |" in text
    assert "2026-01-02, a machine: `python -m x`" in text
    assert "a sentence is all that is known" not in text, "a section without a file is left out"
    check(results, docs)
    (results / "lists.json").write_text(json.dumps(made | {"rows": [row | {"median_ms": 1.0}]}))
    with pytest.raises(StageFailed, match=r"benchmarks\.md"):
        check(results, docs)
