"""A service over a small built workspace, asked in process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from vireo.config import Config
from vireo.server.app import create_app
from vireo.testing import TinyWorld
from vireo.workspace import Workspace

LIGHT = {
    "pretraining": {"objective": "none"},
    "engine": {"name": "serial"},
    "interest": {"experts": ["popularity", "recent-popularity", "ease", "content"]},
}
"""What is served is tested here, not how it is learnt: builds may be quick."""
Serve = Callable[[Path], TestClient]


@pytest.fixture(scope="session")
def _built(world: TinyWorld, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("served") / "workspace"
    work = Workspace.create(path, config=Config.of(LIGHT))
    work.ingest(world.videos, world.events)
    work.build()
    work.close()
    return path


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a service over a workspace; it ends with the test."""
    with ExitStack() as stack:

        def start(path: Path) -> TestClient:
            app = create_app(Workspace.open(path))
            client = TestClient(
                app,
                base_url="http://localhost",
                client=("127.0.0.1", 50_000),
                raise_server_exceptions=False,
            )
            return stack.enter_context(client)

        yield start


@pytest.fixture
def client(built: Path, serve: Serve) -> TestClient:
    """A service without keys over the tiny world."""
    return serve(built)
