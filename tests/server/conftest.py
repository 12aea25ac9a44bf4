"""A service over a small built workspace, asked in process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from vireo.server.app import create_app
from vireo.workspace import Workspace

Serve = Callable[[Path], TestClient]


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
