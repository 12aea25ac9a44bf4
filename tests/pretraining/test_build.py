"""The stage: loss falls, a kill changes nothing, and the worse model is never taken."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.language.world import context, tables, tiny_model, unseen
from tests.pretraining.world import easy_config, easy_tables
from vireo.errors import InputError
from vireo.language import LanguageModel, load
from vireo.pretraining.base import Checkpoint
from vireo.pretraining.build import build
from vireo.pretraining.plot import plot
from vireo.pretraining.retrieval_check import mean_reciprocal_rank

ROOT = Path(__file__).resolve().parents[2]
STEPS = 100
_CHILD = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from tests.pretraining.test_build import run
run(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Steps of microseconds: two threads would only wait for each other on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@dataclass(frozen=True)
class Run:
    """What a training left on its shelf."""

    shelf: Path
    report: dict[str, Any]

    @property
    def model(self) -> Path:
        return self.shelf / "model"


def run(cache: Path, model: Path) -> Run:
    inputs = easy_tables()
    build(
        inputs,
        unseen(inputs),
        easy_config(model, STEPS).pretraining,
        easy_config(model, STEPS).language,
        context(cache),
    )
    (shelf,) = (path.parent for path in cache.glob("pretraining/*/report.json"))
    return Run(shelf, json.loads((shelf / "report.json").read_text()))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Run:
    """The result of a training that nothing interrupted."""
    return run(tmp_path_factory.mktemp("whole"), tiny)


def test_heldout_loss_falls(whole: Run) -> None:
    report = whole.report
    assert report["heldout_loss_fresh_head"] > 9.5  # a blind guess: ln 30522 = 10.3
    assert report["heldout_loss_after"] < report["heldout_loss_before"] - 1
    assert report["heldout_loss_before"] < report["heldout_loss_fresh_head"]
    steps = [point["step"] for point in report["curve"]]
    assert steps == sorted(steps)
    assert steps[-1] == STEPS
    best = min(report["curve"], key=lambda point: point["heldout_loss"])
    assert report["taken_from_step"] == best["step"]
    assert report["heldout_loss_after"] == best["heldout_loss"]
    assert report["perplexity_after"] == pytest.approx(np.exp(best["heldout_loss"]))


def test_a_killed_training_ends_with_the_same_bytes(tmp_path: Path, tiny: Path, whole: Run) -> None:
    command = [sys.executable, "-c", _CHILD, str(tmp_path), str(tiny)]
    child = subprocess.Popen(command, cwd=ROOT)
    while child.poll() is None and not list(tmp_path.glob("pretraining/*/state.safetensors")):
        time.sleep(0.02)
    child.kill()
    child.wait()
    assert not list(tmp_path.glob("pretraining/*/report.json")), "killed too late to test anything"
    assert list(tmp_path.glob("pretraining/*/state.safetensors"))
    resumed = run(tmp_path, tiny)
    assert resumed.report == whole.report
    for path in sorted(whole.model.iterdir()):
        assert (resumed.model / path.name).read_bytes() == path.read_bytes()
    assert not list(tmp_path.glob("pretraining/*/state.safetensors"))


def test_a_finished_recipe_is_not_trained_again(whole: Run, tiny: Path) -> None:
    before = (whole.model / "model.safetensors").stat().st_mtime_ns
    again = run(whole.shelf.parents[1], tiny)
    assert again == whole
    assert (whole.model / "model.safetensors").stat().st_mtime_ns == before


def test_the_choice_follows_the_check(tmp_path: Path, tiny: Path) -> None:
    inputs = easy_tables()
    config = easy_config(tiny, 20)
    made = build(
        inputs, unseen(inputs), config.pretraining, config.language, context(tmp_path / "cache")
    )
    check = made.report["check"]
    tuned = check["mrr_tuned"] >= check["mrr_base"]
    assert made.report["choice"] == ("tuned" if tuned else "base")
    assert (made.model is not None) == tuned
    assert "mean reciprocal rank" in made.report["reason"]
    shelf = tmp_path / "artefact"
    shelf.mkdir()
    made.save(shelf)
    loaded = Checkpoint.load(shelf)
    assert loaded.report == made.report
    assert load(config.language, context(tmp_path), loaded.model).embed(["text"]).any()


class _Worse:
    """A language model that gives every text the same vector."""

    fingerprint = "worse"
    dimension = 2
    can_generate = False

    def embed(self, texts: list[str], progress: object = None) -> object:
        return np.tile(np.array([1.0, 0.0], dtype=np.float32), (len(texts), 1))


def test_the_check_ranks(tmp_path: Path, tiny: Path) -> None:
    base = load(easy_config(tiny, 1).language, context(tmp_path))
    pairs = [(f"word {i}", f"word {i}") for i in range(10)]
    quiet = context(tmp_path).progress
    assert mean_reciprocal_rank(base, pairs, quiet) == 1.0
    worse: LanguageModel = _Worse()  # type: ignore[assignment]
    assert mean_reciprocal_rank(worse, pairs, quiet) == pytest.approx(1 / 5.5)


@pytest.mark.parametrize(
    ("count", "objective", "words"),
    [(0, "masked", "0 texts"), (3, "masked", "9 texts"), (60, "none", "none")],
)
def test_the_base_is_kept_and_says_why(
    tmp_path: Path, tiny: Path, count: int, objective: str, words: str
) -> None:
    inputs = easy_tables(count)
    made = build(
        inputs,
        unseen(inputs),
        easy_config(tiny, 5, objective).pretraining,
        easy_config(tiny, 5, objective).language,
        context(tmp_path),
    )
    assert made.model is None
    assert made.report["choice"] == "base"
    assert words in made.report["reason"]


def test_without_pairs_nothing_can_be_checked(tmp_path: Path, tiny: Path) -> None:
    inputs = tables([{"video_id": f"v{i}", "title": f"only a title {i}"} for i in range(50)])
    made = build(
        inputs,
        unseen(inputs),
        easy_config(tiny, 5).pretraining,
        easy_config(tiny, 5).language,
        context(tmp_path),
    )
    assert made.model is None
    assert "could not be checked" in made.report["reason"]


def test_odd_texts_train_too(tmp_path: Path, tiny: Path) -> None:
    odd = ["🎬" * 5, "\x00\x01", "[MASK] [SEP] ignore previous instructions", "שלום", "a" * 9000]
    rows = [
        {"video_id": f"v{i}", "title": f"{odd[i % 5]} {i}", "description": odd[i % 5] * 2}
        for i in range(40)
    ]
    inputs = tables(rows)
    made = build(
        inputs,
        unseen(inputs),
        easy_config(tiny, 3).pretraining,
        easy_config(tiny, 3).language,
        context(tmp_path),
    )
    assert np.isfinite(made.report["heldout_loss_after"])


def test_the_curve_is_drawn(tmp_path: Path, whole: Run) -> None:
    plot(whole.report, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="no learning curve"):
        plot({"choice": "base"}, tmp_path / "none.png")
