"""Adapters run apart: what is measured, what is recorded when they fail, what is not done twice."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.base import Split
from bench.cases import CASES
from bench.evaluator import BadLists, Lists
from bench.process import run
from bench.results import load
from bench.runner import Bench, run_system, take_lists
from bench.system_registry import System, chosen, systems
from tests.bench.world import many_users, script, split_of
from vireo.errors import ConfigError, UnknownPart

HONEST = "hand_in([unseen(user) for user in users])\n"


@pytest.fixture
def split(tmp_path: Path) -> Split:
    return split_of(many_users(), "leave-one-out", tmp_path)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "work", tmp_path / "results")


def failure(bench: Bench, split: Split, system: System) -> str:
    """Run a system that must fail; what is recorded of it."""
    line = run_system(bench, system, split)
    assert "FAILED" in line
    results = load(bench.results / f"{split.name}.json")
    (failed,) = [row for row in results["failed"] if row["system"] == system.name]
    assert failed["command"] == f"python -m bench run {split.name} --systems {system.name}"
    return str(failed["error"])


def test_an_honest_system_earns_its_row(bench: Bench, split: Split, tmp_path: Path) -> None:
    staying = f"{HONEST}import time\ntime.sleep(1)\n"  # memory is looked at while it runs
    system = replace(script(tmp_path, staying), settings={"depth": 3})
    run_system(bench, system, split)
    results = load(bench.results / f"{split.name}.json")
    (row,) = results["rows"]
    assert (row["system"], row["version"], row["settings"]) == ("adapter", "1", {"depth": 3})
    assert row["train_seconds"] == 0.5
    assert row["lists_per_second"] == 40 / 0.25
    assert row["peak_rss_mb"] > 5
    assert results["split_sha256"] == split.about["split_sha256"]
    low, high = row["intervals"]["ndcg@10"]
    assert low <= row["metrics"]["ndcg@10"] <= high


def test_what_has_its_row_is_not_run_twice(bench: Bench, split: Split, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    count = f"with open({str(ran)!r}, 'a') as file: file.write('x')\n"
    system = script(tmp_path, count + HONEST)
    for _ in range(2):
        run_system(bench, system, split)
    assert ran.read_text() == "x"
    run_system(bench, system, split, again=True)
    assert ran.read_text() == "xx"
    run_system(bench, replace(system, settings={"other": 1}), split)
    assert ran.read_text() == "xxx"
    other = split_of(many_users(seed=3), "leave-one-out", tmp_path / "other")
    run_system(bench, system, other)
    assert ran.read_text() == "xxxx"
    assert len(load(bench.results / f"{split.name}.json")["rows"]) == 1


def test_a_system_that_looks_for_the_answers_gains_nothing(
    bench: Bench, split: Split, tmp_path: Path
) -> None:
    """It puts first whatever hidden row it finds in any file that it was given."""
    leak = """
answers = {}
for path in split.parent.rglob("*"):
    for line in path.read_text(errors="replace").splitlines() if path.is_file() else ():
        words = line.split("\\t")
        if words[-1] == "test":
            answers[int(words[0])] = [int(words[1])]
assert about["test_rows"] == 0 and len(rows) == 40 * 11
hand_in([list(dict.fromkeys(answers.get(u, []) + unseen(u)))[:100] for u in users])
"""
    for name, body in (("honest", HONEST), ("leaking", leak)):
        run_system(bench, script(tmp_path, body, f"{name}.py"), split)
    honest, leaking = load(bench.results / f"{split.name}.json")["rows"]
    assert leaking["metrics"] == honest["metrics"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("raise RuntimeError('did not install')", "RuntimeError: did not install"),
        ("hand_in([unseen(u) for u in users]); print('bye')", "no report"),
        ("hand_in([seen[u][:1] + unseen(u)[:99] for u in users])", "the seen must be masked"),
        ("hand_in([unseen(u)[:1] * 100 for u in users])", "repeats an item"),
        ("hand_in([unseen(u)[:20] for u in users])", "must rank the whole catalogue"),
        ("hand_in([unseen(u) for u in users[1:]], users[1:])", "each once"),
        (
            "print(json.dumps({'version': '1', 'train_seconds': 1, 'recommend_seconds': 1}))",
            "No lists",
        ),
        ("import os; os.kill(os.getpid(), 9)", "ended with code -9"),
    ],
)
def test_what_goes_wrong_is_a_recorded_fact(
    bench: Bench, split: Split, tmp_path: Path, body: str, why: str
) -> None:
    assert why in failure(bench, split, script(tmp_path, body))
    assert load(bench.results / f"{split.name}.json")["rows"] == []


def test_a_failure_keeps_the_row_and_a_success_ends_the_failure(
    bench: Bench, split: Split, tmp_path: Path
) -> None:
    good, bad = script(tmp_path, HONEST), "raise SystemExit(3)"
    run_system(bench, good, split)
    failure(bench, split, replace(script(tmp_path, bad), settings={"new": 1}))
    assert len(load(bench.results / f"{split.name}.json")["rows"]) == 1
    run_system(bench, script(tmp_path, HONEST), split, again=True)
    assert load(bench.results / f"{split.name}.json")["failed"] == []


def test_an_absent_environment_is_recorded(bench: Bench, split: Split, tmp_path: Path) -> None:
    system = replace(script(tmp_path, HONEST), env="recbole")
    assert "no environment 'recbole'" in failure(bench, split, system)


def test_no_place_of_this_machine_enters_the_results(
    bench: Bench, split: Split, tmp_path: Path
) -> None:
    error = failure(bench, split, script(tmp_path, "raise OSError(str(split))"))
    assert "WORK/copies" in error
    assert str(bench.work.resolve()) not in error


def ended(tmp_path: Path, code: str, seconds: float = 60, megabytes: float = 4000) -> str:
    out, error = tmp_path / "out", tmp_path / "err"
    done = run(
        [sys.executable, "-c", code],
        environment={},
        out=out,
        error=error,
        most_seconds=seconds,
        most_mb=megabytes,
    )
    assert done.code != 0 or not done.stopped
    return done.stopped


def test_what_hangs_is_stopped_with_its_children(tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    child = f"import time; time.sleep(4); open({str(mark)!r}, 'w')"
    hang = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    assert "after 1 seconds" in ended(tmp_path, hang, seconds=1)
    assert ended(tmp_path, "import time; time.sleep(4)") == ""
    assert not mark.exists()


def test_what_eats_memory_is_stopped_even_through_a_child(tmp_path: Path) -> None:
    eat = "import time; held = bytearray(300 << 20); time.sleep(30)"
    through = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {eat!r}])"
    assert "200 MB are allowed" in ended(tmp_path, through, megabytes=200)


def test_lists_from_another_machine_are_judged_alike(
    bench: Bench, split: Split, tmp_path: Path
) -> None:
    system = script(tmp_path, HONEST)
    run_system(bench, system, split)
    path = bench.results / f"{split.name}.json"
    (here,) = load(path)["rows"]
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"version": "1", "train_seconds": 9, "recommend_seconds": 1}))
    lists = tmp_path / "lists.npz"
    lists.write_bytes((bench.work / "lists" / split.name / "adapter.npz").read_bytes())
    take_lists(bench, system, split, lists, report, "a large machine")
    (there,) = load(path)["rows"]
    assert there["metrics"] == here["metrics"]
    assert (there["machine"], there["train_seconds"]) == ("a large machine", 9.0)


def test_every_system_of_the_menu_is_well_formed(tmp_path: Path) -> None:
    names = [(system.name, split) for system in systems() for split in system.splits]
    assert len(set(names)) == len(names)
    assert all(system.source for system in systems())
    assert [s.name for s in chosen("ted--related", ["vireo*"])] == ["vireo"]
    with pytest.raises(UnknownPart, match="popularity"):
        chosen("kuairand--time", ["oracle"])
    (tmp_path / "a.toml").write_text("[[system]]\nnam = 1")
    with pytest.raises(ConfigError, match=r"a\.toml"):
        systems(tmp_path)


def test_no_two_tables_give_a_split_the_same_system() -> None:
    for name in CASES:
        found = [system.name for system in chosen(name)]
        assert len(set(found)) == len(found), name


def test_lists_that_hold_pickles_are_refused(split: Split, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", all=np.array([{"a": 1}], dtype=object))
    with pytest.raises(BadLists):
        Lists.load(tmp_path / "x.npz", split)
