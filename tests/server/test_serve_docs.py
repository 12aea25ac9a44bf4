"""The example in docs/serve.md runs against a service; the page names every setting and route."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.real_data import ROOT
from tests.server.running import running
from vireo.server.app import create_app
from vireo.server.base import ServerSection
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
    kept = Workspace.open(built).store
    assert [(e.event, e.rank) for e in kept.events_of("ana")] == [("impression", 1), ("view", 1)]
    assert kept.choices("ana")["taste"] == "slow films about bread"
    kept.close()


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
