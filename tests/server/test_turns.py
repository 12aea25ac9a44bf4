"""Quick lists are made by the answering thread, in turn; what may take long is not."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.server.conftest import Serve
from vireo.asking import Ask
from vireo.server.turns import Turns


def test_turns_are_taken_in_order_and_whoever_left_costs_nothing() -> None:
    done: list[int] = []

    async def story() -> None:
        turns = Turns()
        asked = [asyncio.create_task(turns.take(partial(done.append, n))) for n in range(4)]
        await asyncio.sleep(0)
        asked[2].cancel()
        failing = asyncio.create_task(turns.take(lambda: 1 // 0))
        await asyncio.gather(*asked, return_exceptions=True)
        with pytest.raises(ZeroDivisionError):
            await failing
        assert await turns.take(lambda: "after the failure") == "after the failure"

    asyncio.run(story())
    assert done == [0, 1, 3]


def test_what_may_take_long_is_made_elsewhere(client: TestClient) -> None:
    service = client.app.state.service  # type: ignore[attr-defined]
    assert service.quick("ana", 5) is not None
    assert service.quick("ana", 5, Ask(page=2)) is None
    assert service.quick("ana", 200) is None
    assert service.quick("ana", 5, preset="courses") is None
    client.patch("/v1/users/ben", json={"taste": "boats"})
    assert service.quick("ben", 5) is None
    event = {"event_id": "e1", "user_id": "cleo", "video_id": "v-1042", "event": "view"}
    client.post("/v1/events", json=event)
    assert service.quick("cleo", 5) is None


def test_both_ways_give_the_same_list(
    built: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = serve(built)
    service = client.app.state.service  # type: ignore[attr-defined]
    makers: set[str] = set()
    make = service._made

    def noted(asked: object) -> object:
        makers.add(threading.current_thread().name)
        return make(asked)

    monkeypatch.setattr(service, "_made", noted)
    address = "/v1/users/ana/recommendations?k=5"
    quick = client.get(address).json()["recommendations"]
    service.lists.clear()
    monkeypatch.setattr(service, "quick", lambda *_: None)
    assert client.get(address).json()["recommendations"] == quick
    assert len(makers) == 2, "once by the answering thread, once by another"
