"""The examples in the documents run, and the documents name what exists."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import vireo
from bench.structure import BASE, BLOCK, mermaid, packages
from tests.real_data import ROOT
from vireo.config import Config
from vireo.engine import Context
from vireo.pipeline import STAGES
from vireo.testing import FrameEncoderContract, tiny_world
from vireo.video.base import FrameEncoder, TrainingFrames, VideoSection
from vireo.workspace.registries import REGISTRIES

DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md"])


def worked_encoder() -> dict[str, Any]:
    """The names that the first example of docs/extend.md defines."""
    code = re.findall(r"```python\n(.*?)```", (DOCS / "extend.md").read_text(), re.DOTALL)[0]
    assert len(code.splitlines()) < 40, "the worked encoder must stay short"
    names: dict[str, Any] = {"__name__": "worked_encoder"}
    exec(compile(code, "docs/extend.md", "exec"), names)
    return names


class TestWorkedEncoder(FrameEncoderContract):
    def encoder(self) -> FrameEncoder:
        provide = worked_encoder()["provide"]
        nothing = cast(Any, SimpleNamespace())
        section = VideoSection(resolution=32)
        made: FrameEncoder = provide(section, cast(TrainingFrames, nothing), cast(Context, nothing))
        return made


@pytest.fixture
def in_a_tiny_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two tables that the examples name lie in the current directory."""
    tiny_world(tmp_path)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("in_a_tiny_world")
def test_the_example_of_the_package_runs_as_written() -> None:
    failed, run = doctest.testmod(vireo, optionflags=doctest.ELLIPSIS)
    assert run > 5
    assert failed == 0


@pytest.mark.usefixtures("in_a_tiny_world")
def test_the_example_of_the_readme_runs_as_written(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "1. " in printed
    assert "against popularity" in printed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("stage", STAGES)
def test_every_setting_of_a_stage_is_on_its_page(stage: str) -> None:
    text = (DOCS / f"{stage}.md").read_text(encoding="utf-8")
    for name in type(getattr(Config(), stage)).model_fields:
        assert f"`{name}`" in text or f"`{stage}.{name}" in text, f"{stage}.md lacks `{name}`"


def test_the_table_of_seams_names_every_menu() -> None:
    text = (DOCS / "extend.md").read_text(encoding="utf-8")
    groups = {f"vireo.{registry.group}" for registry in REGISTRIES.values()}
    assert not {group for group in groups if f"`{group}`" not in text}


def test_the_package_graph_is_drawn_from_the_code() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    assert BLOCK.findall(page) == [mermaid(packages())], "python -m bench.structure --graph"


def test_the_architecture_describes_packages_and_files_that_exist() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^- \*\*(\w+)\*\*", page, re.MULTILINE))
    assert described == set(packages()) - {"__main__"} - set(BASE)
    for name in re.findall(r"`([a-z_/]+/[a-z_]+\.py)`", page):
        assert (ROOT / "src/vireo" / name).is_file(), name
    steps = page.split("## One user id")[1].split("## ")[0]
    assert len(re.findall(r"^\d+\. ", steps, re.MULTILINE)) <= 12
