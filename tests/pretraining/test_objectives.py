"""Each objective on a world that it can learn; from scratch, continued, with LoRA, in two
processes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.language.world import context, tables, tiny_model, unseen
from tests.pretraining.world import easy_tables
from vireo.behavior.base import NO_TIME, Histories
from vireo.config import Config
from vireo.data.base import Tables
from vireo.engine.distributed import ProcessGroup
from vireo.errors import ConfigError
from vireo.language import LanguageSection, load
from vireo.language.generate.hf_causal import load_causal
from vireo.language.hf_directory import load_tokenizer
from vireo.pretraining.base import Checkpoint
from vireo.pretraining.build import build


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("base"))


def secrets(count: int = 120) -> Tables:
    """Ten kinds of videos. Titles and dialogue name a kind by different words, which only their
    company tells."""
    kinds = [(f"alpha{k}", f"omega{k}") for k in range(10)]
    rows = [
        {
            "video_id": f"v{i}",
            "title": f"{kinds[i % 10][0]} piece {i}",
            "transcript": f"{kinds[i % 10][1]} said {i} times",
        }
        for i in range(count)
    ]
    return tables(rows)


def made(inputs: Tables, tiny: Path, cache: Path, settings: Mapping[str, Any]) -> Checkpoint:
    config = Config.of({"language": {"model": "hub", "path": str(tiny)}, "pretraining": settings})
    return build(inputs, unseen(inputs), config.pretraining, config.language, context(cache))


def _histories(seen: Sequence[Sequence[int]], videos: int) -> Histories:
    counts = np.array([len(own) for own in seen])
    total = int(counts.sum())
    return Histories(
        user_ids=tuple(f"u{user}" for user in range(len(seen))),
        n_videos=videos,
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        videos=np.concatenate(seen).astype(np.int64),
        weights=np.ones(total, dtype=np.float32),
        times=np.full(total, NO_TIME, dtype=np.int64),
        sessions=np.zeros(total, dtype=np.int64),
    )


def test_contrastive_learns_which_words_belong_together(tiny: Path, tmp_path: Path) -> None:
    settings = {
        "objective": "contrastive",
        "size": "medium",
        "steps": 60,
        "learning_rate": 3e-3,
        "patience": 0,
    }
    tuned = made(secrets(), tiny, tmp_path, settings)
    check = tuned.report["check"]
    assert tuned.report["choice"] == "tuned"
    # twelve of a kind share the words that tell them: the best rank to be had is that of chance
    assert check["mrr_tuned"] > check["mrr_base"]
    assert tuned.report["heldout_loss_after"] < tuned.report["heldout_loss_before"] - 0.3
    model = load(LanguageSection(), context(tmp_path), tuned.model)
    alpha, omega = (model.embed([f"{word}{k}" for k in range(10)]) for word in ("alpha", "omega"))
    nearest = (alpha @ omega.T).argmax(axis=1)
    assert (nearest == np.arange(10)).mean() >= 0.7


@pytest.mark.slow
def test_causal_writes_from_scratch_and_guesses_better_than_blindly(
    tiny: Path, tmp_path: Path
) -> None:
    settings = {
        "objective": "causal",
        "vocabulary": 300,
        "steps": 12,
        "learning_rate": 5e-3,
    }
    trained = made(easy_tables(400), tiny, tmp_path, settings)
    report = trained.report
    assert trained.model is None  # the base goes on giving the vectors
    assert trained.writer is not None
    assert report["choice"] == "base"
    assert report["perplexity_before"] == pytest.approx(300, rel=0.3)  # blind among 300 words
    assert report["perplexity_after"] < 120
    shelf = tmp_path / "artefact"
    shelf.mkdir()
    trained.save(shelf)
    assert Checkpoint.load(shelf).writer == shelf / "writer"
    ids = load_tokenizer(shelf / "writer").encode("Somebody").ids
    out = (
        load_causal(shelf / "writer")
        .eval()
        .generate(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids)), max_new_tokens=8)
    )
    assert load_tokenizer(shelf / "writer").decode(out[0].tolist()).startswith("Somebody")


def test_masked_from_scratch_has_its_own_words(tiny: Path, tmp_path: Path) -> None:
    settings = {"objective": "masked", "base": "scratch", "vocabulary": 400, "steps": 30}
    tuned = made(easy_tables(100), tiny, tmp_path, settings)
    report = tuned.report
    assert report["head_steps"] == 0
    assert report["heldout_loss_before"] == pytest.approx(np.log(400), rel=0.1)
    assert report["heldout_loss_after"] < report["heldout_loss_before"] - 0.5
    model = next(tmp_path.glob("pretraining/*/model"))
    assert json.loads((model / "config.json").read_text())["vocab_size"] == 400
    vectors = load(LanguageSection(), context(tmp_path), model).embed(["a walk", "\U0001f3ac", ""])
    assert np.isfinite(vectors).all()
    assert vectors[:2].any(axis=1).all()
    assert not vectors[2].any()


def test_lora_changes_what_the_network_says_and_leaves_its_layout(
    tiny: Path, tmp_path: Path
) -> None:
    pytest.importorskip("peft", reason="needs the extra `lora`")
    from safetensors.numpy import load_file

    settings = {"objective": "contrastive", "lora_rank": 4, "steps": 20, "learning_rate": 1e-2}
    tuned = made(secrets(), tiny, tmp_path, settings)
    model = next(tmp_path.glob("pretraining/*/model"))
    before, after = (load_file(d / "model.safetensors") for d in (tiny, model))
    assert before.keys() == after.keys()
    changed = {name for name in before if not np.allclose(before[name], after[name])}
    assert changed
    assert all("dense" in name or "attention" in name for name in changed)
    assert tuned.report["heldout_loss_after"] < tuned.report["heldout_loss_before"]


def test_it_stops_when_nothing_is_learnt_any_more(tiny: Path, tmp_path: Path) -> None:
    # far too fast: the held-out loss only rises
    settings = {
        "objective": "contrastive",
        "size": "medium",
        "steps": 80,
        "learning_rate": 3.0,
        "patience": 2,
    }
    report = made(secrets(), tiny, tmp_path, settings).report
    assert report["stopped_early"]
    assert report["steps"] < 80
    assert report["taken_from_step"] < report["steps"]


@pytest.mark.slow
def test_two_processes_take_the_same_steps_as_one(tiny: Path, tmp_path: Path) -> None:
    curves = []
    for processes in (1, 2):
        settings = {
            "objective": "masked",
            "steps": 16,
            "gradient_accumulation": 2,
            "learning_rate": 3e-3,
            "processes": processes,
        }
        trained = made(easy_tables(), tiny, tmp_path / str(processes), settings)
        curves.append(trained.report["curve"])
    alone, shared = (
        np.array([[point["train_loss"], point["heldout_loss"]] for point in curve])
        for curve in curves
    )
    assert len(alone) == 8
    assert np.allclose(alone, shared, rtol=1e-4)
    assert alone[-1, 1] < alone[0, 1]


def test_a_step_is_dealt_out_evenly_or_not_at_all() -> None:
    assert [ProcessGroup(rank, 2).shard([1, 2, 3, 4]) for rank in (0, 1)] == [[1, 3], [2, 4]]
    with pytest.raises(ConfigError, match="multiple of 2"):
        ProcessGroup(0, 2).check_divisible(3, "pretraining.gradient_accumulation")


def test_what_was_watched_together_counts_as_two_views(tiny: Path, tmp_path: Path) -> None:
    inputs = secrets()
    watched = _histories([[row, row + 10, row + 20] for row in range(100)] * 2, 120)
    config = Config.of(
        {
            "language": {"model": "hub", "path": str(tiny)},
            "pretraining": {"objective": "contrastive", "steps": 2, "include_histories": True},
        }
    )
    trained = build(
        inputs, unseen(inputs), config.pretraining, config.language, context(tmp_path), watched
    )
    assert trained.report["watched_together"] > 50
    texts = next(tmp_path.glob("pretraining/*/corpus/train.jsonl")).read_text()
    assert '"watched"' in texts
