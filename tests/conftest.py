"""Worlds that several tests share: built once, then copied."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from vireo.config import Config
from vireo.testing import TinyWorld, tiny_world
from vireo.workspace import Workspace

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command line does, before torch loads

QUICK = Config.of({"pretraining": {"objective": "none"}, "engine": {"name": "serial"}})


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> TinyWorld:
    """Two tables: cooks and sailors, cooking and sailing."""
    return tiny_world(tmp_path_factory.mktemp("tiny-world"))


@pytest.fixture(scope="session")
def _built(world: TinyWorld, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("built") / "workspace"
    work = Workspace.create(path, config=QUICK)
    work.ingest(world.videos, world.events)
    work.build()
    work.close()
    return path


@pytest.fixture
def built(_built: Path, tmp_path: Path) -> Path:
    """A built workspace that the test may change."""
    return Path(shutil.copytree(_built, tmp_path / "workspace"))
