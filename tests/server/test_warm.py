"""The model that reads sentences: loaded before anybody asks, and waited for while it is busy."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from tests.server.conftest import Serve
from tests.server.waiting import LONGEST, until
from vireo.errors import InputError
from vireo.language import encoder, query_texts
from vireo.serving import snapshot as published
from vireo.serving.snapshot import BuildSnapshot
from vireo.understanding.vectors import fused_of
from vireo.workspace import CONFIG, Workspace

SEARCH = "/v1/search?text=boats+on+the+ocean"


def served(client: TestClient) -> BuildSnapshot:
    base = client.app.state.service.state._base  # type: ignore[attr-defined]
    assert isinstance(base, BuildSnapshot)
    return base


def is_warm(base: BuildSnapshot) -> bool:
    """Whether the network was loaded; nobody but who reads a text loads it."""
    return "network" in vars(base.language)


def test_a_service_that_starts_is_warm(client: TestClient) -> None:
    assert is_warm(served(client))


def test_a_model_that_cannot_be_loaded_keeps_no_list_back(
    built: Path, serve: Serve, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise InputError("The model's files are damaged.", "Install it again.")

    monkeypatch.setattr(encoder, "TorchNetwork", refused)
    client = serve(built)
    assert "cannot be loaded" in caplog.text
    assert client.get("/v1/users/ana/recommendations").status_code == 200
    found = client.get(SEARCH)
    assert found.status_code == 503, "no fault of whoever searches"
    assert found.json()["detail"] == "The model's files are damaged."


def test_an_exported_network_that_is_damaged_is_made_anew(
    built: Path, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    exported = vars(served(serve(built)).language)["_exported"]
    exported.parent.mkdir(exist_ok=True)
    exported.write_bytes(b"no network")
    client = serve(built)
    assert "It is exported again." in caplog.text
    assert client.get(SEARCH).status_code == 200
    assert exported.stat().st_size > 1_000


def test_a_search_waits_for_the_model_and_not_for_ever(built: Path, serve: Serve) -> None:
    path = built / CONFIG
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("# timeout_seconds = 10.0", "timeout_seconds = 1.0"))
    client = serve(built)
    with served(client)._reading:  # as it is held while new videos are read
        answer = client.get(SEARCH)
        assert client.get("/v1/ready").json()["status"] == "ready", "lists are there"
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["type"] == "urn:vireo:problem:too-slow"

    def found() -> bool:
        return client.get(SEARCH).status_code == 200

    until(found, "the search is answered")


def test_a_viewers_sentence_that_waits_to_be_read_holds_up_no_other_answer(
    built: Path, serve: Serve
) -> None:
    client = serve(built)
    assert client.patch("/v1/users/ana", json={"query": "boats on the ocean"}).status_code == 200
    answers: dict[str, int] = {}

    def ask(path: str) -> None:
        answers[path] = client.get(path).status_code

    held, other = "/v1/users/ana/recommendations", "/v1/health"
    asking = [threading.Thread(target=ask, args=(path,), daemon=True) for path in (held, other)]
    registry = client.app.state.metrics.registry  # type: ignore[attr-defined]
    with served(client)._reading:
        asking[0].start()
        until(lambda: registry.get_sample_value("vireo_in_flight") == 1, "the list is asked for")
        asking[1].start()
        until(lambda: other in answers, "the other answer")
        assert held not in answers
    for one in asking:
        one.join(LONGEST)
    assert answers == {held: 200, other: 200}


def test_a_sentence_is_read_between_two_new_videos(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, order = served(client), []
    whole = base.embed_videos(query_texts([f"film number {n}" for n in range(20)]))

    def slowly(*asked: Any) -> Any:
        order.append("videos")
        time.sleep(0.05)
        return fused_of(*asked)

    monkeypatch.setattr(published, "fused_of", slowly)
    texts = query_texts([f"film number {n}" for n in range(40)])
    read: list[Any] = []
    reading = threading.Thread(target=lambda: read.append(base.embed_videos(texts)), daemon=True)
    reading.start()
    until(lambda: bool(order), "videos are read")
    base.embed_query("boats on the ocean")
    order.append("sentence")
    reading.join(LONGEST)
    assert order.index("sentence") < len(order) - 1
    assert len(order) == 1 + 40 / published._AT_ONCE
    np.testing.assert_allclose(read[0][:20], whole, atol=1e-5)


def test_a_build_is_warm_when_it_is_published(client: TestClient, built: Path) -> None:
    before = served(client)
    event: dict[str, Any] = {"event_id": "e1", "user_id": "ana", "video_id": "v-1042"}
    assert client.post("/v1/events", json=event | {"event": "like"}).status_code == 202
    work = Workspace.open(built)
    work.build()
    work.close()
    client.app.state.service.state.refresh()  # type: ignore[attr-defined]
    assert served(client) is not before
    assert is_warm(served(client))
