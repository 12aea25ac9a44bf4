"""The report: right answers by construction, honest counts, comparison in words, files on disk."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from vireo.data.base import EVENT_SCHEMA
from vireo.engine.base import Context, EngineSection
from vireo.engine.progress import Quiet
from vireo.engine.serial import Serial
from vireo.errors import InputError, UnknownPart
from vireo.evaluation import Report, evaluate
from vireo.evaluation.targets import targets_of
from vireo.interest.base import EaseSection, InterestModel, InterestSection, Training
from vireo.interest.build import fit
from vireo.interest.contract import training_of

VIDEO_IDS = [f"v{i}" for i in range(24)]


def heldout(*rows: dict[str, Any]) -> pl.DataFrame:
    filled = [{"event": "view", "timestamp": 1, "sequence": i} | r for i, r in enumerate(rows)]
    return pl.DataFrame(
        [[row.get(name) for name in EVENT_SCHEMA] for row in filled],
        schema=EVENT_SCHEMA,
        orient="row",
    )


def world() -> tuple[Training, pl.DataFrame]:
    """Even users like even videos, odd users odd ones; one liked video of each is held out."""
    rng = np.random.default_rng(7)
    users, rows = [], []
    for user in range(80):
        liked = [int(video) for video in rng.permutation(np.arange(user % 2, 24, 2))[:8]]
        users.append(liked[:7])
        rows.append({"user_id": f"user-{user}", "video_id": f"v{liked[7]}"})
    return training_of(users, 24), heldout(*rows)


@pytest.fixture
def model(tmp_path: Path) -> InterestModel:
    section = InterestSection(experts=("popularity", "ease"), ease=EaseSection(regularisation=5.0))
    return fit(world()[0], section, Context(Serial(EngineSection()), tmp_path, Quiet(), seed=0))


def report_of(model: InterestModel, table: pl.DataFrame | None = None, **options: Any) -> Report:
    training, held = world()
    return evaluate(
        model, training.histories, VIDEO_IDS, held if table is None else table, **options
    )


def test_the_taste_is_found_and_popularity_is_not(model: InterestModel) -> None:
    report = report_of(model, ks=(5, 10), split={"protocol": "leave-one-out"})
    assert list(report.systems) == ["popularity", "ease", "fused"]
    # of five unseen videos of the own kind, the target is among the first five
    assert report.systems["ease"]["HR@5"].mean > 0.95
    assert report.systems["popularity"]["HR@5"].mean < 0.7
    estimate = report.systems["popularity"]["NDCG@10"]
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low < estimate.mean < estimate.high
    assert report.protocol["users"] == 80


def test_a_comparison_speaks(model: InterestModel) -> None:
    report = report_of(model)
    comparison = report.against("popularity", "ease")
    assert comparison.shown
    assert str(comparison).startswith(f"ease {comparison.value:.4f} against popularity ")
    assert " NDCG@10: +" in str(comparison)
    assert "(95% interval +" in str(comparison)
    same = report.against("ease", "ease", "HR@10")
    assert not same.shown
    assert "no difference shown" in str(same)
    for wrong in ({"name": "nothing"}, {"name": "ease", "metric": "Coverage@10"}):
        with pytest.raises(InputError):
            report.against(**wrong)


def test_the_same_seed_gives_the_same_report(model: InterestModel) -> None:
    assert report_of(model).as_json() == report_of(model).as_json()


def test_strangers_are_evaluated_and_everything_left_out_is_counted(model: InterestModel) -> None:
    training, _ = world()
    seen = VIDEO_IDS[int(training.histories.of("user-0").videos[0])]
    fresh = next(v for v in VIDEO_IDS if int(v[1:]) not in training.histories.of("user-0").videos)
    table = heldout(
        {"user_id": "user-0", "video_id": seen},
        {"user_id": "user-0", "video_id": fresh},
        {"user_id": "user-0", "video_id": fresh},
        {"user_id": "user-0", "video_id": "v3", "event": "dislike"},
        {"user_id": "user-0", "video_id": "v3", "event": "impression"},
        {"user_id": "user-0", "video_id": "v5", "watch_seconds": 0.4},
        {"user_id": "user-0", "video_id": "v5", "event": "what"},
        {"user_id": "user-0", "video_id": "elsewhere"},
        {"user_id": "stranger", "video_id": "v2"},
        {
            "user_id": "user-2",
            "video_id": VIDEO_IDS[int(training.histories.of("user-2").videos[0])],
        },
    )
    targets = targets_of(table, training.histories, VIDEO_IDS)
    assert targets.user_ids == ("stranger", "user-0", "user-2")
    assert targets.videos[1].tolist() == [int(fresh[1:])]
    assert targets.counts == {
        "events_held_out": 10,
        "events_not_wanted": 4,
        "events_of_unknown_videos": 1,
        "users": 3,
        "users_without_history": 1,
        "users_whose_targets_were_all_seen": 1,
        "targets": 3,
        "targets_dropped_as_seen": 1,
    }
    report = report_of(model, table)
    assert report.values["fused"]["HR@10"][2] == 0.0  # the seen is masked: a sure miss


def test_the_words_that_behaviour_used_decide_what_is_wanted() -> None:
    training, _ = world()
    own = replace(training.histories, report={"weights": {"clap": 2.0, "view": -1.0}})
    rows = [
        {"user_id": "new", "video_id": f"v{i}", "event": e} for i, e in enumerate(("clap", "view"))
    ]
    targets = targets_of(heldout(*rows), own, VIDEO_IDS)
    assert [rows.tolist() for rows in targets.videos] == [[0]]


def test_nothing_to_evaluate_is_said(model: InterestModel) -> None:
    with pytest.raises(InputError, match="nothing to evaluate"):
        report_of(model, heldout({"user_id": "user-0", "video_id": "v1", "event": "skip"}))
    with pytest.raises(UnknownPart, match="oracle"):
        report_of(model, systems=["oracle"])
    with pytest.raises(InputError, match="cut at"):
        report_of(model, ks=())


def test_only_the_named_systems_are_measured(model: InterestModel) -> None:
    assert list(report_of(model, systems=["fused", "ease"]).systems) == ["fused", "ease"]


def test_the_report_is_saved_as_json_markdown_and_a_picture(
    model: InterestModel, tmp_path: Path
) -> None:
    report = report_of(model, split={"protocol": "time", "cutoff": 5})
    report.save(tmp_path / "reports")
    saved = json.loads((tmp_path / "reports" / "report.json").read_text(encoding="utf-8"))
    assert saved == json.loads(json.dumps(report.as_json()))
    mean = report.systems["ease"]["NDCG@10"].mean
    assert saved["systems"]["ease"]["NDCG@10"]["mean"] == pytest.approx(mean)
    text = (tmp_path / "reports" / "report.md").read_text(encoding="utf-8")
    assert f"{mean:.4f} (" in text
    assert sum(line.startswith("| ") for line in text.splitlines()) == 5
    picture = (tmp_path / "reports" / "report.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    report.save(tmp_path / "reports")
    assert (tmp_path / "reports" / "report.png").read_bytes() == picture
