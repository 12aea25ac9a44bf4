"""The example in docs/serve.md runs against a service; the page names every setting and route."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.real_data import ROOT
from tests.server.conftest import Serve
from tests.server.running import running
from vireo.config.server import ServerSection
from vireo.server.app import create_app
from vireo.server.metrics import Metrics
from vireo.workspace import Workspace

PAGE = ROOT / "docs" / "serve.md"


def test_the_python_example_runs_as_written(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    with running(built) as service:
        code = code.replace("http://127.0.0.1:8080", service.url)
        exec(compile(code, "docs/serve.md", "exec"), {})
    printed = capsys.readouterr().out
    assert printed.count("\n") == 5
    kept = Workspace.open(built).resources.store
    assert [(e.event, e.rank) for e in kept.events_of("ana")] == [("impression", 1), ("view", 1)]
    assert kept.choices("ana")["query"] == "slow films about bread"
    kept.close()


def test_the_curl_examples_run_as_written(built: Path, tmp_path: Path) -> None:
    curl, shell = shutil.which("curl"), shutil.which("sh")
    if curl is None or shell is None:
        pytest.skip("curl is not on this machine")
    script = tmp_path / "examples.sh"
    with running(built) as service:
        told = {"SERVICE": service.url, "KEY": "none", "PATH": str(Path(curl).parent)}
        lines = block_with("curl -H").replace("curl -H", "curl --fail --silent --show-error -H")
        script.write_text(f"set -e\n{lines}")
        done = subprocess.run([shell, str(script)], capture_output=True, text=True, env=told)
    assert done.returncode == 0, done.stderr
    listed, taken = re.findall(r"\{.*?\}(?=\{\"received|$)", done.stdout.strip(), re.DOTALL)
    assert len(json.loads(listed)["recommendations"]) == 5
    assert json.loads(listed)["recommendations"][0]["because"] is not None
    assert json.loads(taken) == {"received": 1, "stored": 1}


def block_with(start: str) -> str:
    """The block of the page whose first line begins so."""
    text = PAGE.read_text(encoding="utf-8")
    begin = text.index(f"```\n{start}") + 4
    return text[begin : text.index("```", begin)]


def test_every_setting_and_every_route_is_on_the_page(built: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in ServerSection.model_fields:
        assert f"`{name}`" in text, name
    app = create_app(Workspace.open(built))
    for path in app.openapi()["paths"]:
        if not path.startswith("/api"):
            spelled = re.sub(r"\{\w+\}", "{id}", path)
            assert spelled in text, spelled
    app.state.service.writer.close()
    app.state.service.work.close()


def block(first: str) -> str:
    """The block of docs/serve.md that begins with this line."""
    text = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
    start = text.index(f"```\n{first}\n") + 4
    return text[start : text.index("```", start)]


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not on this machine")
    unit = tmp_path / "vireo.service"
    unit.write_text(block("[Unit]").replace("/opt/vireo/bin/vireo", "/bin/true"))
    done = subprocess.run([program, "verify", str(unit)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_torch_that_the_page_installs_is_the_pinned_one() -> None:
    wanted = re.findall(r"torch==[\d.]+\d", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    named = re.findall(r"torch==[\d.]+\d", PAGE.read_text(encoding="utf-8"))
    assert len(named) == 2
    assert set(named) == set(wanted)


def test_every_metric_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for metric in Metrics().registry.collect():
        if metric.name.startswith("vireo_"):
            name = f"{metric.name}_total" if metric.type == "counter" else metric.name
            assert f"`{name}" in text, name


def test_the_container_may_write_where_the_workspace_lies() -> None:
    lines = block("FROM python:3.11-slim").splitlines()
    made = next(n for n, line in enumerate(lines) if "chown vireo /work" in line)
    assert made < lines.index("USER vireo") < lines.index("VOLUME /work")


def test_a_backup_that_was_taken_while_serving_restores(built: Path, serve: Serve) -> None:
    """As the page says it: sqlite3's own backup of the database, and the files."""
    program = shutil.which("sqlite3")
    client = serve(built)
    event = {"event_id": "kept", "user_id": "ana", "video_id": "v-1031", "event": "like"}
    assert client.post("/v1/events", json=event).status_code == 202
    copy = built.parent / "copy.db"
    if program:
        subprocess.run([program, str(built / "vireo.db"), f".backup {copy}"], check=True)
    else:
        with (
            closing(sqlite3.connect(built / "vireo.db")) as one,
            closing(sqlite3.connect(copy)) as other,
        ):
            one.backup(other)
    home = built.parent / "restored"
    home.mkdir()
    shutil.copytree(built / "sources", home / "sources")
    shutil.copy(built / "vireo.toml", home)
    copy.rename(home / "vireo.db")
    work = Workspace.open(home)
    work.build()
    held = work.export("ana")
    assert [one["event_id"] for one in held["live_events"]] == ["kept"]
    assert len(held["events"]) > 5
    assert len(work.recommend("ana", 3)) == 3
    work.close()
