"""Every answer is documented: Schemathesis sends what the OpenAPI document allows, and more."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from vireo.server.app import create_app
from vireo.workspace import Workspace

pytestmark = pytest.mark.skipif(
    find_spec("schemathesis") is None, reason="Schemathesis is not installed"
)
EXAMPLES = 12
"""Per operation: the whole must stay short."""
LATER = ("/v1/builds", "/v1/rollback")
"""POST to these changes what is served, and has tests of its own."""


@pytest.fixture(scope="module")
def app(_built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    import shutil

    path = Path(shutil.copytree(_built, tmp_path_factory.mktemp("openapi") / "workspace"))
    made = create_app(Workspace.open(path))
    with TestClient(made, base_url="http://localhost", client=("127.0.0.1", 1)):
        yield made


def test_no_server_error_and_no_undocumented_answer(app: Any) -> None:
    import schemathesis

    client = TestClient(
        app, base_url="http://localhost", client=("127.0.0.1", 1), raise_server_exceptions=False
    )
    seen = 0
    for result in schemathesis.openapi.from_dict(app.openapi()).get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]
        if operation.method != "post" or operation.path not in LATER:
            send_everything(client, operation)
            seen += 1
    assert seen > 30


def send_everything(client: TestClient, operation: Any) -> None:
    """Requests as the document allows them, and as it does not."""
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        response_schema_conformance,
        status_code_conformance,
    )

    checks = [not_a_server_error, status_code_conformance, response_schema_conformance]
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]

    @given(data=st.data())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    def once(data: st.DataObject) -> None:
        mode = data.draw(st.sampled_from(modes))
        case = data.draw(operation.as_strategy(generation_mode=mode))
        arguments = case.as_transport_kwargs(base_url="http://localhost")
        for unknown in ("cookies", "timeout"):
            arguments.pop(unknown, None)
        if isinstance(arguments.get("data"), bytes):  # bytes that are no form
            arguments["content"] = arguments.pop("data")
        case.validate_response(client.request(**arguments), checks=checks)

    once()
