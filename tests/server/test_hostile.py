"""What a hostile quarter of an hour against a running service found, so that it stays mended."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from tests.server.conftest import Serve
from tests.store.postgres import postgres
from vireo.server.api.lists import _because as because
from vireo.store.base import LiveVideo
from vireo.store.sql import DATABASE
from vireo.testing import TinyWorld

ODD = (
    "\0",
    "a\0b",
    " ",
    "\t",
    "\n",
    "x" * 513,
    "../../etc/passwd",
    "<script>",
    "' OR 1=1 --",
    "😀" * 90,
)
PATHS = (
    "/v1/users/{}",
    "/v1/users/{}/recommendations",
    "/v1/users/{}/videos/v-1031/explanation",
    "/v1/users/ana/videos/{}/explanation",
    "/v1/users/ana/recommendations?context={}",
    "/v1/users/ana/recommendations?seeds={}",
    "/v1/users/ana/recommendations?preset={}",
    "/v1/videos/{}",
    "/v1/videos/{}/similar",
    "/v1/search?text=a&user_id={}",
    "/api/user/{}",
    "/api/user/{}/feedback",
    "/api/item/{}",
    "/api/item/{}/neighbors",
    "/api/recommend/{}",
    "/watch/{}",
    "/media/{}",
    "/owner/try?user={}",
)


@pytest.mark.parametrize("path", PATHS)
def test_odd_ids_are_answered_and_never_a_bug(path: str, client: TestClient) -> None:
    answers_odd_ids(client, path)


def answers_odd_ids(client: TestClient, path: str) -> None:
    for odd in ODD:
        answer = client.get(path.format(quote(odd, safe="")))
        assert answer.status_code in (200, 404, 422), (path, odd, answer.text)


def test_odd_ids_are_no_failure_of_another_database(
    built: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL keeps no NUL, and must not be asked for one."""
    with postgres() as server:
        monkeypatch.setenv(DATABASE, server.create("hostile"))
        client = serve(built)
        for path in PATHS:
            answers_odd_ids(client, path)


@pytest.mark.parametrize("number", ["9" * 5_000, "9" * 20, "0", "-1", "١"])
def test_numbers_in_forms_that_are_none_are_no_bug(number: str, client: TestClient) -> None:
    """Python reads no more than 4,300 digits, and no database keeps twenty."""
    token = re.findall(r'name="csrf" value="([^"]+)"', client.get("/").text)[0]
    client.post("/user", data={"csrf": token, "user": "ana"})
    liked = {"csrf": token, "event": "like", "video_id": "v-1042", "rank": number}
    assert client.post("/act", data=liked).status_code == 200
    answer = client.post("/me/preferences", data={"csrf": token, "remove": number})
    assert answer.status_code == 422, answer.text


def test_an_error_in_a_batch_names_the_event(client: TestClient) -> None:
    good = {"event_id": "e1", "user_id": "ana", "video_id": "v-1042", "event": "view"}
    told = client.post("/v1/events", json=[good, good | {"rank": 0}]).json()
    assert told["detail"].startswith("body.events.1.rank: ")
    assert (
        client.post("/v1/events", json=good | {"rank": 0})
        .json()["detail"]
        .startswith("body.event.rank: ")
    )


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_is_not_called_json_is_told_so(kind: str, client: TestClient) -> None:
    """As curl sends it without a header; a page elsewhere may send it, too, so it is not read."""
    body = '{"event_id": "e1", "user_id": "ana", "video_id": "v-1042", "event": "view"}'
    answer = client.post("/v1/events", content=body, headers={"content-type": kind})
    assert answer.status_code == 422
    assert "application/json" in answer.json()["hint"]


def test_forgetting_many_at_once_forgets_all_of_them(
    built: Path, serve: Serve, world: TinyWorld
) -> None:
    """Each rewrites the same tables, and others read their own data meanwhile."""
    client = serve(built)
    leaving, staying = world.cooks[:12], world.sailors[:6]

    def leave(user: str) -> tuple[int, str]:
        answer = client.delete(f"/v1/users/{user}")
        return answer.status_code, answer.text

    def stay(user: str) -> int:
        answers = [client.get(f"/v1/users/{user}") for _ in range(4)]
        assert all(len(answer.json()["events"]) > 5 for answer in answers)
        return max(answer.status_code for answer in answers)

    with ThreadPoolExecutor(12) as pool:
        left = pool.map(leave, leaving)
        stayed = pool.map(stay, staying)
        assert [(code, text) for code, text in left if code != 200] == []
        assert set(stayed) == {200}
    for user in leaving:
        page = client.get(f"/v1/users/{user}/recommendations?k=5&explain=true").json()
        assert any("new here" in note for note in page["notes"])
        assert not any(entry["because"] for entry in page["recommendations"])
        assert client.get(f"/v1/users/{user}").json()["forgotten"] is True


def test_a_right_that_goes_while_a_list_is_made_costs_the_reason_alone(
    client: TestClient, world: TinyWorld
) -> None:
    """The list may hold a video that its viewer may no longer be told of a moment later."""
    service = client.app.state.service  # type: ignore[attr-defined]
    video = next(
        entry["video_id"]
        for entry in client.get("/v1/users/ana/recommendations?explain=true").json()[
            "recommendations"
        ]
        if entry["because"]
    )
    assert because(service, "ana", video)
    service.videos.put(LiveVideo(video, title="Closed", access=("staff",)))
    service.state.refresh()
    assert because(service, "ana", video) == []


def test_a_page_that_comes_too_late_is_a_page(built: Path, serve: Serve) -> None:
    toml = built / "vireo.toml"
    toml.write_text(toml.read_text().replace("# timeout_seconds = 10.0", "timeout_seconds = 1e-9"))
    client = serve(built)
    page = client.get("/search?q=bread", headers={"accept": "text/html"})
    assert page.status_code == 503
    assert page.headers["content-type"].startswith("text/html")
    assert client.get("/v1/search?text=bread").json()["type"].endswith("too-slow")
