"""Every viewer's list as one table: complete, resumable, right, on every engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from vireo.behavior.base import Histories
from vireo.behavior.history_shards import HistoryShards
from vireo.cli import app
from vireo.config import Config, as_toml
from vireo.errors import InputError
from vireo.store.base import LiveEvent, UserAttributes
from vireo.workspace import Workspace


def configured(path: Path, **sections: object) -> Workspace:
    """The workspace with other settings."""
    work = Workspace.open(path)
    given = work.config.model_dump(mode="json", exclude_unset=True) | sections
    (path / "vireo.toml").write_text(as_toml(Config.of(given)), encoding="utf-8")
    return Workspace.open(path)


def test_slices_are_the_histories(built: Path) -> None:
    (directory,) = built.glob("artifacts/behavior/*")
    whole, slices = Histories.load(directory), HistoryShards(directory)
    assert len(slices) == len(whole)
    assert slices.now == whole.now
    part = slices.part(3, 9)
    assert part.user_ids == whole.user_ids[3:9]
    assert part.now == whole.now
    for row, user in enumerate(part.user_ids):
        own = whole.of(user)
        assert part.row(row).videos.tolist() == own.videos.tolist()
        assert part.row(row).times.tolist() == own.times.tolist()


def test_everybody_gets_the_list_that_they_would_get_alone(built: Path, tmp_path: Path) -> None:
    work = configured(built)
    at = 1_770_000_000_000
    out = tmp_path / "lists.parquet"
    told = work.recommend_all(out, 4, shard_size=7, at=at)
    table = pl.read_parquet(out)
    users = work.resources.online.users()
    assert told["users"] == told["lists"] == len(users) == table["user_id"].n_unique()
    assert told["rows"] == table.height
    assert not list(tmp_path.glob("*.parts"))
    by_user = table.partition_by("user_id", as_dict=True)
    for user in users:
        own = by_user[(user,)]
        picks = work.recommend(user, 4, at=at)
        assert own["rank"].to_list() == list(range(1, len(picks) + 1))
        assert own["video_id"].to_list() == [pick.video_id for pick in picks]
        assert own["score"].to_list() == pytest.approx([pick.score for pick in picks], abs=2e-4)


def test_full_lists_have_their_reasons(built: Path, tmp_path: Path) -> None:
    work = configured(built)
    out = tmp_path / "lists.parquet"
    told = work.recommend_all(out, 3, with_reasons=True)
    table = pl.read_parquet(out)
    assert told["made_now"]["one_by_one"] == told["users"]
    assert all(table["reason"].to_list())


def test_what_was_told_chosen_or_forgotten_since_the_build_holds(
    built: Path, tmp_path: Path
) -> None:
    work = configured(built)
    first, second, third, *_ = work.resources.online.users()
    best = work.recommend(first, 1)[0].video_id
    work.record([LiveEvent("e1", first, best, "view", 1_770_000_000_000)])
    work.resources.store.set_choices(second, {"consent": {"personal_lists": False}})
    work.forget(third)
    out = tmp_path / "lists.parquet"
    told = work.recommend_all(out, 3)
    table = pl.read_parquet(out)
    assert best not in table.filter(user_id=first)["video_id"].to_list()
    assert third not in table["user_id"].to_list()
    stranger = [pick.video_id for pick in work.recommend(second, 3)]
    assert table.filter(user_id=second)["video_id"].to_list() == stranger
    assert told["made_now"]["forgotten"] == 1
    assert told["lists"] + told["made_now"]["forgotten"] == told["users"]


def test_what_is_barred_is_on_nobodys_list(built: Path, tmp_path: Path) -> None:
    work = Workspace.open(built)
    blocked = [pick.video_id for pick in work.recommend(work.resources.online.users()[0], 2)]
    work = configured(built, recommend={"owner": {"blocked_videos": blocked}})
    work.resources.store.set_users(
        [UserAttributes(user, 30) for user in work.resources.online.users()[::2]]
    )
    out = tmp_path / "lists.parquet"
    work.recommend_all(out, 5)
    listed = set(pl.read_parquet(out)["video_id"].to_list())
    assert not listed & set(blocked)


@pytest.mark.parametrize("engine", ["processes", pytest.param("ray", marks=pytest.mark.slow)])
def test_every_engine_makes_the_same_table(built: Path, tmp_path: Path, engine: str) -> None:
    if engine == "ray":
        pytest.importorskip("ray", reason="the extra 'ray' is not installed")
    at = 1_770_000_000_000
    configured(built).recommend_all(tmp_path / "serial.parquet", 3, shard_size=9, at=at)
    work = configured(built, engine={"name": engine, "workers": 2})
    work.recommend_all(tmp_path / "other.parquet", 3, shard_size=9, at=at)
    one, other = (pl.read_parquet(tmp_path / f"{n}.parquet") for n in ("serial", "other"))
    assert one.equals(other)
    if engine == "ray":
        __import__("ray").shutdown()


def test_a_killed_run_goes_on_where_it_was(built: Path, tmp_path: Path) -> None:
    work = configured(built)
    work.recommend_all(tmp_path / "whole.parquet", 3, shard_size=3)
    out = tmp_path / "lists.parquet"
    command = [sys.executable, "-m", "vireo", "recommend", "--all", "-w", str(built), "-k", "3"]
    run = subprocess.Popen(
        [*command, "--shard-size", "3", "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    folder = tmp_path / "lists.parquet.parts"
    end = time.monotonic() + 120
    while len(list(folder.glob("part-*.parquet"))) < 2 and run.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.005)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    if out.exists():
        pytest.skip("this machine had finished before it could be killed")
    finished = {path.name: path.stat().st_mtime_ns for path in folder.glob("part-*.parquet")}
    with pytest.raises(InputError, match="parts of other lists"):
        work.recommend_all(out, 4, shard_size=3)
    told = work.recommend_all(out, 3, shard_size=3)
    assert told["kept_shards"] == len(finished) >= 2
    one, other = pl.read_parquet(tmp_path / "whole.parquet"), pl.read_parquet(out)
    assert one["user_id"].equals(other["user_id"])


def test_the_command_line(built: Path, tmp_path: Path) -> None:
    out = tmp_path / "lists.parquet"
    asked = ["recommend", "-w", str(built), "--all"]
    without = CliRunner().invoke(app, asked)
    assert isinstance(without.exception, InputError)
    done = CliRunner().invoke(app, [*asked, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "lists" in done.output
    again = CliRunner().invoke(app, [*asked, "--out", str(out)])
    assert isinstance(again.exception, InputError)
    assert "is there already" in str(again.exception)
