"""What flatters is caught: a model that saw the future, an offset on cold items, sampling."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self, cast

import numpy as np
import polars as pl
import pytest

from vireo.arrays import Floats
from vireo.behavior.base import History
from vireo.config import Config
from vireo.engine.base import Context
from vireo.errors import InputError, StageFailed
from vireo.evaluation import compare, evaluate
from vireo.evaluation.splits import digest_of, load_split, save_split, split_frame
from vireo.interest.base import Batch, Expert, InterestModel, InterestSection, Training
from vireo.interest.contract import training_of
from vireo.interest.popularity import Popularity
from vireo.interest.registry import EXPERTS
from vireo.testing import TinyWorld
from vireo.workspace import Workspace

BEHAVIOR = Config.of(
    {"interest": {"experts": ["popularity", "ease"]}, "engine": {"name": "serial"}}
)


@pytest.fixture
def work(world: TinyWorld, tmp_path: Path) -> Workspace:
    made = Workspace.create(tmp_path / "workspace", config=BEHAVIOR)
    made.ingest(world.videos, world.events)
    return made


class Peeking(Popularity):
    """Counts the events that are held out, wherever it finds them."""

    name: ClassVar[str] = "peeking"
    reads_content: ClassVar[bool] = False

    @classmethod
    def fit(cls, training: Training, section: InterestSection, context: Context) -> Self:
        counts = training.user_counts.astype(np.float64)
        for path in context.cache.parent.glob("artifacts/data/*/heldout.parquet"):
            seen = pl.read_parquet(path)["video_id"].value_counts()
            videos = pl.read_parquet(path.parent / "videos.parquet").select("video_id")
            joined = videos.join(seen, on="video_id", how="left", maintain_order="left")
            counts += joined["count"].fill_null(0).to_numpy()
        return cls(counts)


@pytest.mark.parametrize("protocol", ["time", "leave-one-out"])
def test_honest_models_do_not_change_with_the_future(work: Workspace, protocol: str) -> None:
    checked = work.check_leaks(protocol=protocol)
    assert checked.systems == ("popularity", "ease", "fused")
    assert "No leak" in str(checked)
    assert not list((work.path / "cache").glob("leaks-*")), "the other worlds are cleared away"


def test_a_model_that_peeks_is_caught(work: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXPERTS._parts, "peeking", f"{__name__}:Peeking")
    with pytest.raises(StageFailed, match=r"A LEAK.*scores of peeking"):
        work.check_leaks(systems=["peeking"])
    assert work.check_leaks(systems=["popularity"]).systems == ("popularity",)


def test_no_protocol_without_a_future_is_checked(work: Workspace) -> None:
    with pytest.raises(InputError, match="leave-one-out"):
        work.check_leaks(protocol="random")


@dataclass(frozen=True)
class Offset:
    """A base model, and a constant on every video that nobody watched."""

    name: ClassVar[str] = "offset"
    scores_cold_items: ClassVar[bool] = True
    base: Expert
    cold: Floats
    constant: float

    def score(self, batch: Batch) -> Floats:
        return self.base.score(batch) + np.float32(self.constant) * self.cold


@dataclass(frozen=True)
class Nearness:
    """Videos of one's own parity are near; the rest is noise that is the same every time."""

    name: ClassVar[str] = "nearness"
    scores_cold_items: ClassVar[bool] = True

    def score(self, batch: Batch) -> Floats:
        rng = np.random.default_rng(0)
        noise = rng.normal(0, 0.4, (1, batch.n_videos))
        own = np.array([h.videos[0] % 2 if len(h) else 0 for h in batch.histories])[:, None]
        near = (np.arange(batch.n_videos)[None, :] % 2 == own) + noise
        return np.asarray(near, dtype=np.float32)


def test_an_offset_on_cold_items_is_told_from_taste() -> None:
    n = 60
    rng = np.random.default_rng(1)
    warm, cold = np.arange(48), np.arange(48, n)
    users, rows = [], []
    for user in range(60):
        own = warm[warm % 2 == user % 2]
        liked = rng.permutation(own)[:8].tolist()
        users.append([int(v) for v in liked[:7]])
        wanted = [liked[7], *rng.permutation(cold[cold % 2 == user % 2])[:2].tolist()]
        rows += [(f"user-{user}", f"v{int(v)}") for v in wanted]
    training = training_of(users, n)
    held = heldout(rows)
    is_cold = (training.user_counts == 0).astype(np.float32)[None, :]
    honest_one = cast("Expert", Nearness())
    experts = {"honest": honest_one, "cheat": cast("Expert", Offset(honest_one, is_cold, 5.0))}
    told = {"validation": {"exchange_rate": "a tenth for a hundredth"}}
    model = InterestModel(experts, {"honest": 1.0, "cheat": 0.0}, report=told)
    report = evaluate(
        model,
        training.histories,
        [f"v{v}" for v in range(n)],
        held,
        systems=["honest", "cheat"],
        split={"protocol": "cold-items"},
    )
    honest, cheat = report.systems["honest"], report.systems["cheat"]
    assert cheat["cold_ndcg@10"].mean > honest["cold_ndcg@10"].mean, "this is what it buys"
    assert cheat["within_cold_ndcg@10"].mean == honest["within_cold_ndcg@10"].mean
    assert cheat["warm_ndcg@10"].mean < 0.5 * honest["warm_ndcg@10"].mean
    assert len(report.notes) == 2
    assert report.notes[1].endswith("were found: a tenth for a hundredth.")
    assert report.notes[0].startswith("cheat: cold videos push warm ones out")
    assert honest["mixed_ndcg@10"] == honest["ndcg@10"]


def heldout(rows: list[tuple[str, str]]) -> pl.DataFrame:
    return pl.DataFrame(rows, ["user_id", "video_id"], orient="row").with_columns(
        event=pl.lit("view"),
        timestamp=pl.lit(None, pl.Int64),
        value=pl.lit(None, pl.Float64),
        watch_seconds=pl.lit(None, pl.Float64),
        session_id=pl.lit(None, pl.String),
        sequence=pl.int_range(pl.len()),
    )


def test_saved_reports_are_compared_user_by_user(work: Workspace) -> None:
    one = work.save_report(work.evaluate("2026-03-01"))
    two = work.save_report(work.evaluate("2026-03-01"))
    report = work.evaluate("2026-03-01")
    (found,) = compare(f"{one}:fused", f"{two}:popularity", metrics=["ndcg@10"])
    expected = report.against("popularity")
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.value, expected.low, expected.high), abs=1e-6
    )
    assert found.shown
    same = compare(str(one), str(two))
    assert {c.system.split(":")[1] for c in same} == {"popularity", "ease", "fused"}
    assert all("no difference shown" in str(c) for c in same)
    (own,) = work.compare("ease", "popularity", metrics=["hit_rate@10"])
    assert str(own).startswith("ease ")


def test_what_was_measured_otherwise_is_not_compared(work: Workspace, tmp_path: Path) -> None:
    one = work.save_report(work.evaluate("2026-03-01"))
    two = work.save_report(work.evaluate("2026-03-10"))
    with pytest.raises(InputError, match="not measure the same split"):
        compare(str(one), str(two))
    sampled = json.loads((two / "report.json").read_text(encoding="utf-8"))
    sampled["protocol"]["ranking"] = "100 sampled negatives"
    (two / "report.json").write_text(json.dumps(sampled), encoding="utf-8")
    with pytest.raises(InputError, match="100 sampled negatives"):
        compare(str(two), str(two))
    for wrong in (str(tmp_path), f"{one}:oracle", "nothing"):
        with pytest.raises(InputError):
            compare(wrong, str(one))
    with pytest.raises(InputError, match="cannot be compared per user"):
        compare(str(one), str(one), metrics=["coverage@10"])


def test_the_split_is_a_file_whose_checksum_travels(work: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "split.parquet"
    report = work.evaluate(protocol="leave-one-out", systems=["popularity"], save_split=path)
    sha = report.protocol["split_sha256"]
    frame = load_split(path, sha)
    assert digest_of(frame) == sha
    assert set(frame["part"]) == {"train", "heldout"}
    assert len(frame.filter(pl.col("part") == "heldout")["user_id"].unique()) == 40
    known, held = (frame.filter(pl.col("part") == part) for part in ("train", "heldout"))
    assert digest_of(split_frame(known[::-1], held)) != sha
    save_split(split_frame(known, held[1:]), path)
    with pytest.raises(InputError, match="another split"):
        load_split(path, sha)
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="no split"):
        load_split(path)


def test_a_named_expert_needs_no_text(work: Workspace) -> None:
    report = work.evaluate(
        "2026-03-01", systems=["ease"], settings={"interest.ease.regularization": "30"}
    )
    assert list(report.systems) == ["ease"]
    assert report.protocol["settings"] == {"interest.ease.regularization": "30"}
    assert list(report.protocol["artifacts"]) == ["data", "behavior", "interest"]
    assert not work.resources.artifacts.all("understanding")


def test_history_of_an_empty_user_is_scored() -> None:
    batch = Batch([History.empty()], 0, 4)
    assert Nearness().score(batch).shape == (1, 4)
