"""The contract's helpers by construction; adapters for real where their environments are."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bench.peers import install

ROOT = Path(__file__).resolve().parents[2]
ADAPTERS = ROOT / "bench" / "peers" / "adapters"
WORK = Path(os.environ.get("VIREO_BENCH_WORK", ROOT / "bench" / ".work"))
N_USERS, N_ITEMS = 24, 130
NETWORK = {"n_factors": 8, "n_heads": 1, "n_blocks": 1, "session_max_len": 8}
TASTES = {"model": "SASRec", "max_epochs": 2, "validation_users": 6}


def _load(name: str) -> ModuleType:
    """A script of the adapters as a module, under a name that no library has."""
    found = importlib.util.spec_from_file_location(f"adapter_{name}", ADAPTERS / f"{name}.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[module.__name__] = module
    found.loader.exec_module(module)
    return module


contract: Any = _load("contract")


def _split(folder: Path, *, cold: Sequence[int] = (), asked: bool = False) -> Path:
    """Two tastes: even users have met most even items, odd users most odd ones."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    rows = ["user\titem\ttime\tvalue\tpart"]
    for user in range(N_USERS):
        mine = [item for item in range(user % 2, N_ITEMS, 2) if rng.random() < 0.6]
        warm = [item for item in mine if item not in cold]
        rows += [f"{user}\t{item}\t{1000 + at}\t1.0\ttrain" for at, item in enumerate(warm)]
    (folder / "split.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    words = ("cooking soup", "racing cars")
    items = [
        {"item": item, "id": f"v{item}", "title": f"{words[item % 2]} {item}", "text": ""}
        for item in range(N_ITEMS)
    ]
    (folder / "items.jsonl").write_text(
        "".join(json.dumps(item) + "\n" for item in items), encoding="utf-8"
    )
    about = {
        "set": "tiny",
        "protocol": "cold-items" if cold else "leave-one-out",
        "users": N_USERS,
        "items": N_ITEMS,
        "groups": ["all", "cold"] if cold else ["all"],
        "cold_items": list(cold),
    }
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
    when = " 5000" if asked else ""
    lines = "".join(f"{user}{when}\n" for user in range(N_USERS))
    (folder / "users.txt").write_text(lines, encoding="ascii")
    return folder


def test_a_split_is_read_and_test_rows_are_never_kept(tmp_path: Path) -> None:
    folder = _split(tmp_path / "split")
    with (folder / "split.tsv").open("a", encoding="utf-8") as file:
        file.write("0\t129\t\t0.5\ttest\n0\t128\t\t0.5\ttrain\n")
    split = contract.read_split(folder)
    assert (split.n_users, split.n_items, split.has_cold) == (N_USERS, N_ITEMS, False)
    assert 129 not in split.item[split.user == 0]
    assert (split.time[-1], split.value[-1]) == (contract.NO_TIME, 0.5)
    assert split.seen()[0].tolist() == split.item[split.user == 0].tolist()


def test_users_may_come_with_the_time_of_their_question(tmp_path: Path) -> None:
    path = tmp_path / "users.txt"
    path.write_text("3\n1\n", encoding="ascii")
    users, asked_at = contract.read_users(path)
    assert (users.tolist(), asked_at) == ([3, 1], None)
    path.write_text("3 700\n1 800\n", encoding="ascii")
    users, asked_at = contract.read_users(path)
    assert (users.tolist(), asked_at.tolist()) == ([3, 1], [700, 800])


@pytest.mark.parametrize(
    ("scores", "k", "wanted"),
    [
        ([1.0, 3.0, 2.0], 2, [1, 2]),
        ([1.0, 1.0, 1.0, 1.0], 2, [0, 1]),  # ties: the lower code first
        ([0.0, 2.0, 2.0, 5.0, 2.0], 3, [3, 1, 2]),  # ties across the edge of the list
        ([-np.inf, 4.0, -np.inf], 3, [1, -1, -1]),  # what can't be scored never appears
        ([-np.inf, -np.inf], 2, [-1, -1]),
    ],
)
def test_the_best_places(scores: list[float], k: int, wanted: list[int]) -> None:
    assert contract.best(np.array(scores), k).tolist() == wanted


def test_scores_that_are_no_numbers_end_the_run() -> None:
    with pytest.raises(SystemExit, match="1 scores are not numbers"):
        contract.best(np.array([1.0, np.nan]), 1)


def _job(folder: Path) -> Any:
    users, asked_at = contract.read_users(folder / "users.txt")
    split = contract.read_split(folder)
    return contract.Job(split, users, asked_at, folder / "out.npz", {}, 0, 60.0, None)


def test_lists_hide_what_was_seen_and_rank_cold_items_apart(tmp_path: Path) -> None:
    cold = (4, 5, 100)
    job = _job(_split(tmp_path, cold=cold))
    ranked = contract.rank_scores(
        job, lambda users: np.tile(np.arange(N_ITEMS), (len(users), 1)), cold=True
    )
    seen = job.split.seen()
    for row, user in enumerate(job.users.tolist()):
        shown = ranked.all[row][ranked.all[row] >= 0]
        unseen = sorted(set(range(N_ITEMS)) - set(seen[user].tolist()), reverse=True)
        assert shown.tolist() == unseen[: contract.DEPTH]
        assert ranked.cold[row][:4].tolist() == [100, 5, 4, -1]
    contract.write_lists(job, ranked)
    with np.load(job.out) as held:
        assert {name: held[name].shape for name in held.files} == {
            "users": (N_USERS,),
            "all": (N_USERS, contract.DEPTH),
            "cold": (N_USERS, contract.DEPTH),
        }
        assert all(held[name].dtype == np.int32 for name in held.files)


def test_a_peer_that_knows_ids_alone_leaves_the_cold_group_empty(tmp_path: Path) -> None:
    job = _job(_split(tmp_path, cold=(4, 5)))
    ranked = contract.rank_scores(
        job, lambda users: contract.without_cold(job, np.ones((len(users), N_ITEMS)))
    )
    assert not np.isin(ranked.all, (4, 5)).any()
    contract.write_lists(job, ranked)
    with np.load(job.out) as held:
        assert (held["cold"] == -1).all()


def test_a_librarys_own_lists_are_made_tidy(tmp_path: Path) -> None:
    job = _job(_split(tmp_path, cold=(7,)))
    lists = contract.tidy(
        job,
        np.array([[3, -1, 7, 5], [9, 8, 1, 2]]),
        np.array([[True, True, True, True], [True, False, True, True]]),
    )
    assert lists[:, :4].tolist() == [[3, 5, -1, -1], [9, 1, 2, -1]]
    assert lists.shape == (2, contract.DEPTH)


def test_environments_are_pinned_and_say_how_they_are_made(tmp_path: Path) -> None:
    lists = sorted((ROOT / "bench" / "peers").glob("*.txt"))
    assert lists
    for path in lists:
        environment = install.Environment.read(path)
        commands = environment.commands(tmp_path / environment.name)
        assert commands[0][1:3] == ["-m", "venv"]
        assert commands[-1][-1] == "check"
        wanted = [line for line in path.read_text("utf-8").splitlines() if line[:1] != "#"]
        assert all("==" in line for line in wanted)
    lightfm = install.Environment.read(ROOT / "bench" / "peers" / "lightfm.txt")
    assert "--no-build-isolation" in lightfm.commands(tmp_path)[2]


def _run(
    python: Path | str, name: str, folder: Path, settings: dict[str, Any], budget: float = 60.0
) -> dict[str, Any]:
    arguments = [str(python), str(ADAPTERS / f"{name}.py"), "--split", str(folder)]
    arguments += ["--users", str(folder / "users.txt"), "--out", str(folder / "out.npz")]
    arguments += ["--settings", json.dumps(settings), "--budget-seconds", str(budget)]
    arguments += ["--checkpoint", str(folder / "checkpoint")]
    environment = {**os.environ, "VIREO_BENCH_WORK": str(folder), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(arguments, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    report: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return report


def _check_lists(folder: Path) -> float:
    """No repeats, nothing seen. -> share of the first ten places that suit the user's taste."""
    seen = contract.read_split(folder).seen()
    suits = []
    with np.load(folder / "out.npz") as held:
        for user, row in zip(held["users"].tolist(), held["all"].tolist(), strict=True):
            shown = [item for item in row if item >= 0]
            assert len(set(shown)) == len(shown)
            assert not set(shown) & set(seen[user].tolist())
            suits += [item % 2 == user % 2 for item in shown[:10]]
    return float(np.mean(suits))


@pytest.mark.parametrize(
    ("settings", "at_least"),
    [
        ({"model": "als", "factors": 2}, 0.9),
        ({"model": "bm25", "K": 40}, 1.0),
        ({"model": "bpr", "factors": 8, "iterations": 5}, 0.0),
    ],
)
def test_implicit(tmp_path: Path, settings: dict[str, Any], at_least: float) -> None:
    folder = _split(tmp_path)
    report = _run(sys.executable, "implicit_models", folder, settings)
    assert _check_lists(folder) >= at_least
    assert report["users"] == N_USERS
    assert report["version"].startswith("implicit ")
    assert report["train_seconds"] > 0


def test_text_knn_ranks_what_nobody_met(tmp_path: Path) -> None:
    folder = _split(tmp_path, cold=(10, 11))
    _vectors(folder)
    _run(sys.executable, "text_knn", folder, {"halves_after": 5})
    assert _check_lists(folder) == 1.0
    with np.load(folder / "out.npz") as held:
        assert held["cold"][:2, :2].tolist() == [[10, 11], [11, 10]]  # the suitable one first


def _vectors(folder: Path) -> None:
    """One direction for each taste, told apart by a little of a third."""
    codes = np.arange(N_ITEMS)
    vectors = np.column_stack([codes % 2 == 0, codes % 2 == 1, codes / N_ITEMS / 100])
    place = folder / "vectors"
    place.mkdir()
    np.savez(place / "tiny.npz", ids=np.array([f"v{code}" for code in codes]), vectors=vectors)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("env", "name", "settings"),
    [
        ("rectools", "rectools_ease", {"regularization": 5.0}),
        ("rectools", "rectools_sequence", TASTES | {"parameters": NETWORK}),
        ("rectools", "rectools_content", TASTES | {"parameters": NETWORK, "bound": 0.5}),
        ("lightfm", "lightfm_model", {"no_components": 4, "epochs": 2, "terms": 3}),
        ("lenskit", "lenskit_models", {"model": "item-knn", "feedback": "implicit"}),
        ("cornac", "cornac_vaecf", {"k": 4, "autoencoder_structure": [8], "n_epochs": 2}),
        ("recbole", "recbole_general", {"model": "BPR", "epochs": 2}),
    ],
)
def test_a_foreign_library(tmp_path: Path, env: str, name: str, settings: dict[str, Any]) -> None:
    python = WORK / "envs" / env / "bin" / "python"
    if not python.exists():
        pytest.skip(f"the environment '{env}' is not at {python} (bench/peers/install.py)")
    folder = _split(tmp_path, cold=(10, 11))
    _vectors(folder)
    _run(python, name, folder, settings)
    _check_lists(folder)


@pytest.mark.slow
def test_a_training_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    python = WORK / "envs" / "rectools" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"the environment 'rectools' is not at {python} (bench/peers/install.py)")
    folder = _split(tmp_path)
    settings = TASTES | {"parameters": NETWORK, "max_epochs": 3}
    first = _run(python, "rectools_sequence", folder, settings, budget=0.001)
    assert first["epochs"] == 1
    assert "ended by the budget" in first["notes"]
    second = _run(python, "rectools_sequence", folder, settings)
    assert second["epochs"] == 3
    assert second["train_cpu_seconds"] > first["train_cpu_seconds"]  # both are counted
    assert len(list((folder / "checkpoint").iterdir())) == 1


SAME_LOSS = """
import sys
sys.path.insert(0, sys.argv[1])
import contract, filled, numpy, pathlib, rectools_sequence, torch, training
folder, loss = pathlib.Path(sys.argv[2]), sys.argv[3]
network = {"n_factors": 8, "n_heads": 1, "n_blocks": 1, "session_max_len": 8, "dropout_rate": 0.0}
recipe = training.Recipe("SASRec", {**network, "loss": loss, "n_negatives": 5})
users, asked = contract.read_users(folder / "users.txt")
job = contract.Job(contract.read_split(folder), users, asked, folder, {}, 0, 1.0, None)
model = rectools_sequence.model_of(recipe)
model.fit_partial(rectools_sequence.rows_of(job, recipe, False).kept, 0, 0)
step = model.lightning_model
step._xavier_normal_init()
step.log = lambda *_, **__: None
batch = next(iter(model.data_preparator.get_dataloader_train()))
theirs = filled.TransformerLightningModule.training_step(step, batch, 0).item()
ours = filled.FilledPlaces.training_step(step, batch, 0).item()
assert abs(theirs - ours) < 1e-5, (theirs, ours)
"""


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["softmax", "sampled_softmax"])
def test_leaving_the_padding_out_first_keeps_rectools_loss(tmp_path: Path, loss: str) -> None:
    python = WORK / "envs" / "rectools" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"the environment 'rectools' is not at {python} (bench/peers/install.py)")
    folder = _split(tmp_path)
    arguments = [str(python), "-c", SAME_LOSS, str(ADAPTERS), str(folder), loss]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
