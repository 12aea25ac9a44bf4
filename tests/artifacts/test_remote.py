"""Push and pull of the published artifacts: equal lists elsewhere, or an error with a reason."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import fsspec
import pytest
from typer.testing import CliRunner

from tests.conftest import QUICK
from vireo.artifacts.remote import RemoteStore
from vireo.cli import app
from vireo.errors import CorruptArtifact, InputError, NotBuilt
from vireo.testing import TinyWorld
from vireo.workspace import Workspace


@pytest.fixture(params=["directory", "object store"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "there") if request.param == "directory" else f"memory://{uuid.uuid4()}"


def files_at(url: str) -> dict[str, bytes]:
    """Path below the URL -> content."""
    system, root = fsspec.url_to_fs(url)
    return {path.removeprefix(root): system.cat_file(path) for path in system.find(root)}


def test_another_machine_serves_the_same_lists(
    built: Path, world: TinyWorld, tmp_path: Path, url: str
) -> None:
    here = Workspace.open(built)
    pushed = here.push(url)
    assert (pushed.copied, pushed.already_there) == (len(here.resources.published.current()), 0)
    there = Workspace.create(tmp_path / "there-too", config=QUICK)
    killed = there.path / "artifacts" / "interest" / ".killed.12-34.tmp"
    killed.mkdir(parents=True)
    pulled = there.pull(url)
    assert not killed.exists()
    assert (pulled.copied, pulled.bytes) == (pushed.copied, pushed.bytes)
    assert there.resources.published.current() == here.resources.published.current()
    for user in (world.cooks[0], world.sailors[0], "nobody-yet"):
        ours, theirs = here.recommend(user, k=5), there.recommend(user, k=5)
        assert [pick.video_id for pick in theirs] == [pick.video_id for pick in ours]
    assert here.push(url).copied == there.pull(url).copied == 0


def test_what_is_no_longer_served_leaves_the_copy(built: Path, url: str) -> None:
    work = Workspace.open(built)
    work.push(url)
    before = set(files_at(url))
    before_stages = work.resources.published.current()
    toml = (built / "vireo.toml").read_text(encoding="utf-8")
    assert "# history_decay = 5.0" in toml
    toml = toml.replace("# history_decay = 5.0", "history_decay = 3.0")
    (built / "vireo.toml").write_text(toml, "utf-8")
    again = Workspace.open(built)
    again.build()
    changed = {
        s for s, id_ in again.resources.published.current().items() if before_stages[s] != id_
    }
    assert "interest" in changed
    system, root = fsspec.url_to_fs(url)
    system.pipe_file(f"{root}/artifacts/interest/notes.txt", b"of somebody else")
    pushed = again.push(url)
    assert pushed.copied == pushed.removed == len(changed)
    assert system.exists(f"{root}/artifacts/interest/notes.txt")
    gone = before - set(files_at(url))
    assert {path.split("/")[2] for path in gone} == changed
    assert not [path for path in files_at(url) if before_stages["interest"] in path]


def test_a_damaged_copy_is_refused_and_what_was_served_stays(
    built: Path, tmp_path: Path, url: str
) -> None:
    Workspace.open(built).push(url)
    there = Workspace.create(tmp_path / "there-too", config=QUICK)
    system, root = fsspec.url_to_fs(url)
    victim = next(p for p in system.find(root) if "/interest/" in p and p.endswith(".safetensors"))
    system.pipe_file(victim, system.cat_file(victim)[:-1] + b"!")
    with pytest.raises(CorruptArtifact, match=r"interest/.*not what its manifest says"):
        there.pull(url)
    with pytest.raises(NotBuilt):
        there.resources.published.current()
    assert not list((there.path / "artifacts" / "interest").iterdir())


def _with_set(url: str, stages: object) -> None:
    system, root = fsspec.url_to_fs(url)
    system.pipe_file(f"{root}/live.json", json.dumps({"stages": stages}).encode())


def test_names_that_lead_out_of_the_workspace_are_refused(
    built: Path, tmp_path: Path, url: str
) -> None:
    stages = dict(Workspace.open(built).push(url).stages)
    there = Workspace.create(tmp_path / "there-too", config=QUICK)
    _with_set(url, {"../../outside": "x"})
    with pytest.raises(CorruptArtifact):
        there.pull(url)
    _with_set(url, stages)
    system, root = fsspec.url_to_fs(url)
    manifest = f"{root}/artifacts/data/{stages['data']}/manifest.json"
    told = json.loads(system.cat_file(manifest))
    told["files"] = {"../../../outside": {"sha256": "0", "bytes": 1}}
    system.pipe_file(manifest, json.dumps(told).encode())
    with pytest.raises(CorruptArtifact, match="outside"):
        there.pull(url)
    assert not list(tmp_path.rglob("outside*"))


def test_errors_of_missing_and_unwritable_copies(built: Path, tmp_path: Path) -> None:
    work = Workspace.open(built)
    with pytest.raises(InputError, match=r"Nothing was pushed to"):
        work.pull(str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="nosuch"):
        RemoteStore("nosuch://bucket/x")
    (tmp_path / "file").write_text("in the way", "utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        work.push(str(tmp_path / "file" / "below"))
    with pytest.raises(InputError, match="URL is empty"):
        work.push(" ")
    with pytest.raises(InputError, match="is a workspace"):
        work.push(str(built))
    assert not any(result.built for result in work.build())
    with pytest.raises(NotBuilt):
        Workspace.create(tmp_path / "empty", config=QUICK).push(str(tmp_path / "there"))


def test_command_line_reports_counts(built: Path, tmp_path: Path) -> None:
    run, there = CliRunner(), tmp_path / "there"
    pushed = run.invoke(app, ["push", str(there), "-w", str(built)])
    assert pushed.exit_code == 0, pushed.output
    assert "0 present, 0 removed" in pushed.output
    Workspace.create(tmp_path / "other", config=QUICK)
    pulled = run.invoke(app, ["pull", str(there), "-w", str(tmp_path / "other"), "--json"])
    assert json.loads(pulled.stdout)["copied"] == len(
        Workspace.open(built).resources.published.current()
    )
