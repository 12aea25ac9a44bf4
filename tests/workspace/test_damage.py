"""Damaged workspaces and unlucky commands: nothing is lost, and the advice that is given works."""

from __future__ import annotations

from pathlib import Path

import pytest

from vireo.doctor import examine
from vireo.errors import CorruptArtifact, InputError
from vireo.testing import TinyWorld
from vireo.workspace import Workspace
from vireo.workspace.run import run_tables


def bad(path: Path) -> list[str]:
    return [finding.what for finding in examine(path) if finding.state == "bad"]


def test_a_healthy_workspace_has_no_bad_findings(built: Path) -> None:
    assert bad(built) == []


def test_a_damaged_index_of_sources_loses_no_table(built: Path, world: TinyWorld) -> None:
    sources = built / "sources"
    before = sorted(path.name for path in sources.iterdir())
    (sources / "index.json").write_text("garbage")
    with pytest.raises(InputError, match="--replace"):
        Workspace.open(built).ingest(world.videos)
    assert sorted(path.name for path in sources.iterdir()) == before
    assert bad(built) == ["sources"]
    Workspace.open(built).ingest(world.videos, world.events, replace=True)
    assert bad(built) == []


@pytest.mark.parametrize("victim", ["report.json", "events.parquet"])
def test_a_damaged_source_is_mended_by_ingesting_again(
    built: Path, world: TinyWorld, victim: str
) -> None:
    (path,) = (built / "sources").glob(f"*/{victim}")
    path.write_bytes(b"garbage")
    assert bad(built)
    Workspace.open(built).ingest(world.videos, world.events, replace=True)
    assert bad(built) == []


@pytest.mark.parametrize("stage", ["data", "behavior", "interest", "recommend", "understanding"])
def test_damage_of_the_same_size_is_named_and_found(built: Path, stage: str) -> None:
    for manifest in Workspace.open(built).resources.artifacts.all(stage):
        for name, entry in manifest.files.items():
            (manifest.directory / name).write_bytes(b"x" * entry["bytes"])
    assert any(what.startswith(stage) for what in bad(built))
    work = Workspace.open(built)
    with pytest.raises(CorruptArtifact, match="vireo build"):
        print(
            work.recommend("ana", k=2, query="boats"), work.resources.online.about_video("v-1042")
        )


def test_run_does_not_replace_what_others_ingested(built: Path, world: TinyWorld) -> None:
    with pytest.raises(InputError, match="not created by `vireo run`"):
        run_tables(world.videos, world.events, workspace=built)
    assert len(Workspace.open(built).resources.sources.all()) == 1


def test_a_forgotten_viewer_is_listed_nowhere(built: Path) -> None:
    work = Workspace.open(built)
    work.forget("ana")
    assert "ana" not in {row["user_id"] for row in work.rows("users")}
    assert not [row for row in work.rows("rejects") if "ana" in row["raw"]]


def test_an_unknown_viewer_is_not_forgotten_by_mistake(built: Path) -> None:
    work = Workspace.open(built)
    with pytest.raises(InputError, match="Nothing is held"):
        work.forget("anna")
    assert not work.resources.store.is_forgotten("anna")


def test_lists_of_no_length_are_refused(built: Path) -> None:
    work = Workspace.open(built)
    for k in (0, -3):
        with pytest.raises(InputError, match="entries"):
            work.recommend("ana", k=k)
        with pytest.raises(InputError, match="entries"):
            work.similar("v-1042", k=k)
    assert len(work.recommend("ana", k=100_000)) <= 24


def test_evaluation_says_when_a_cutoff_leaves_nothing(built: Path) -> None:
    work = Workspace.open(built)
    with pytest.raises(InputError, match="later cutoff"):
        work.evaluate("2020-01-01")
    with pytest.raises(InputError, match="earlier cutoff"):
        work.evaluate("2030-01-01")
    with pytest.raises(InputError, match="no cutoff"):
        work.evaluate("2026-03-01", protocol="leave-one-out")


def test_tables_that_do_not_fit_each_other_are_pointed_at(tmp_path: Path) -> None:
    videos, events = tmp_path / "videos.csv", tmp_path / "events.csv"
    videos.write_text("video_id,title\n1,Bread\n2,Soup\n")
    events.write_text("user_id,video_id\nann,1.0\nann,2.0\n")
    report = Workspace.create(tmp_path / "work").ingest(videos, events)
    assert report["events"]["rejected"] == {"unknown video": 2}
    assert any("looks like '1'" in note for note in report["notes"])
