"""The API as a platform uses it: lists, live events, new videos, forgetting, errors that help."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.server.conftest import Serve
from vireo.testing import TinyWorld
from vireo.workspace import Workspace

NOW = round(time.time() * 1000)


def event(number: int, user: str, video: str, word: str = "like", **more: Any) -> dict[str, Any]:
    base = {"event_id": f"e{number}", "user_id": user, "video_id": video, "event": word}
    return {**base, "timestamp": NOW + number, **more}


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [entry["video_id"] for entry in answer.json()["recommendations"]]


def refresh(client: TestClient) -> None:
    """What the keeper does each second, now."""
    client.app.state.service.state.refresh()  # type: ignore[attr-defined]


def test_a_viewer_gets_the_list_that_the_library_gives(client: TestClient, built: Path) -> None:
    answer = client.get("/v1/users/ana/recommendations", params={"k": 5})
    expected = Workspace.open(built).recommend("ana", 5)
    assert ids(answer) == [pick.video_id for pick in expected]
    first = answer.json()["recommendations"][0]
    assert first["reason"] == expected[0].reason
    assert first["because"] is None
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_explanations_come_with_the_list_or_alone(client: TestClient) -> None:
    answer = client.get("/v1/users/ana/recommendations", params={"k": 2, "explain": True}).json()
    first = answer["recommendations"][0]
    assert first["because"]
    alone = client.get(f"/v1/users/ana/videos/{first['video_id']}/explanation").json()
    assert alone["own_videos"] == first["because"]
    assert alone["of"] == 24


def test_an_event_changes_the_next_list(client: TestClient, world: TinyWorld) -> None:
    before = client.get("/v1/users/zoe/recommendations", params={"k": 3})
    assert "new here" in before.json()["notes"][0]
    sent = [event(n, "zoe", video) for n, video in enumerate(world.sailing[:3])]
    answer = client.post("/v1/events", json=sent)
    assert answer.status_code == 202
    assert answer.json() == {"received": 3, "stored": 3}
    after = client.get("/v1/users/zoe/recommendations", params={"k": 3})
    assert set(ids(after)) <= set(world.sailing[3:])
    again = client.post("/v1/events", json=sent[0])
    assert again.json() == {"received": 1, "stored": 0}
    disliked = ids(after)[0]
    client.post("/v1/events", json=event(9, "zoe", disliked, "dislike"))
    assert disliked not in ids(client.get("/v1/users/zoe/recommendations", params={"k": 3}))


def test_the_same_list_is_not_made_twice(client: TestClient) -> None:
    lists = client.app.state.service.lists.cache  # type: ignore[attr-defined]
    one = client.get("/v1/users/ana/recommendations").json()["recommendations"]
    made = lists.misses
    assert client.get("/v1/users/ana/recommendations").json()["recommendations"] == one
    assert lists.misses == made
    client.post("/v1/events", json=event(1, "ana", one[0]["video_id"], "dislike"))
    assert client.get("/v1/users/ana/recommendations").json()["recommendations"] != one
    assert lists.misses == made + 1


def test_impressions_carry_the_list_and_the_place(client: TestClient, built: Path) -> None:
    answer = client.get("/v1/users/ana/recommendations", params={"k": 2}).json()
    shown = [
        event(
            n, "ana", e["video_id"], "impression", request_id=answer["request_id"], rank=e["rank"]
        )
        for n, e in enumerate(answer["recommendations"])
    ]
    assert client.post("/v1/events", json=shown).json()["stored"] == 2
    kept = Workspace.open(built).resources.store.events_of("ana")
    assert [(e.request_id, e.rank) for e in kept] == [
        (answer["request_id"], 1),
        (answer["request_id"], 2),
    ]


def test_a_list_for_somebody_without_a_name(client: TestClient, world: TinyWorld) -> None:
    body = {"events": [{"video_id": v} for v in world.cooking[:3]], "k": 3}
    answer = client.post("/v1/sessions/recommendations", json=body)
    assert set(ids(answer)) <= set(world.cooking[3:])
    assert client.app.state.service.store.watermark() == 0  # type: ignore[attr-defined]
    stranger = client.post("/v1/sessions/recommendations", json={})
    assert "new here" in stranger.json()["notes"][0]


def test_similar_and_search(client: TestClient, world: TinyWorld) -> None:
    near = ids(client.get(f"/v1/videos/{world.new_cooking}/similar", params={"k": 4}))
    assert set(near) <= set(world.cooking)
    found = client.get("/v1/search", params={"text": "bowline", "k": 3}).json()
    assert found["recommendations"][0]["title"] == "How to Tie a Bowline"
    assert "in the title" in found["recommendations"][0]["reason"]
    meant = ids(client.get("/v1/search", params={"text": "boats on the ocean", "k": 3}))
    assert set(meant) <= set(world.sailing)


def test_a_new_video_is_recommended_by_its_text_and_built_in_later(
    client: TestClient, built: Path, world: TinyWorld
) -> None:
    body = {
        "title": "Gnocchi with Sage Butter",
        "description": "Potato dough, cooked in a pot, tossed in butter: pasta from the kitchen.",
    }
    assert client.put("/v1/videos/new-1", json=body).status_code == 202
    assert client.get("/v1/videos/new-1").json()["metadata"]["title"] == body["title"]
    refresh(client)
    listed = client.get("/v1/users/ana/recommendations", params={"k": 8}).json()["recommendations"]
    entry = next(entry for entry in listed if entry["video_id"] == "new-1")
    assert "New here" in entry["reason"]
    sailor = ids(client.get("/v1/users/sam/recommendations", params={"k": 5}))
    assert "new-1" not in sailor
    assert set(ids(client.get("/v1/videos/new-1/similar", params={"k": 3}))) <= set(world.cooking)
    assert ids(client.get("/v1/search", params={"text": "gnocchi"}))[0] == "new-1"
    client.post("/v1/events", json=event(1, "zoe", "new-1"))
    assert ids(client.get("/v1/users/zoe/recommendations", params={"k": 3}))[0] in world.cooking
    work = Workspace.open(built)
    work.build()
    assert "new-1" in work.resources.online.catalogue.ids
    refresh(client)
    about = client.get("/v1/videos/new-1").json()
    assert "record" in about
    assert "viewers" not in about, "one viewer is too few to be spoken of"
    assert (
        work.resources.online.catalogue.user_counts[work.resources.online.queries.row("new-1")] == 1
    )
    work.close()


def test_a_video_can_be_edited_and_deleted(
    client: TestClient, built: Path, world: TinyWorld
) -> None:
    moved = world.sailing[0]
    body = {
        "title": "A Soup of Tomatoes",
        "description": "Garlic, basil and a pot of soup, cooked slowly.",
    }
    client.put(f"/v1/videos/{moved}", json=body)
    refresh(client)
    near = ids(client.get(f"/v1/videos/{moved}/similar", params={"k": 3}))
    assert near[0] in world.cooking, "its words count; its viewers stay sailors"
    assert client.delete(f"/v1/videos/{world.new_cooking}").status_code == 200
    refresh(client)
    assert world.new_cooking not in ids(
        client.get("/v1/users/ana/recommendations", params={"k": 20})
    )
    for path in (f"/v1/videos/{world.new_cooking}", f"/v1/videos/{world.new_cooking}/similar"):
        gone = client.get(path)
        assert gone.status_code == 404
        assert gone.json()["type"] == "urn:vireo:problem:unknown-video"
    work = Workspace.open(built)
    work.build()
    assert world.new_cooking not in work.resources.online.catalogue.ids
    assert (
        work.resources.online.catalogue.titles[work.resources.online.catalogue.row(moved)]
        == body["title"]
    )
    work.close()


def test_files_of_new_videos_must_lie_in_the_media_folders(client: TestClient) -> None:
    for path in ("/etc/passwd", "../../etc/passwd", "x.mp4", "\u202e"):
        answer = client.put("/v1/videos/new-1", json={"title": "T", "path": path})
        assert answer.status_code == 422
        assert "[server] media" in answer.json()["hint"] + answer.json()["detail"]


def test_what_viewers_set_counts_at_once(client: TestClient, world: TinyWorld) -> None:
    answer = client.patch("/v1/users/nina", json={"query": "sailing boats on the open sea"})
    assert answer.json()["query"].startswith("sailing")
    assert set(ids(client.get("/v1/users/nina/recommendations", params={"k": 3}))) <= set(
        world.sailing
    )
    client.patch("/v1/users/ana", json={"consent": {"personal_lists": False}})
    notes = client.get("/v1/users/ana/recommendations").json()["notes"]
    assert "new here" in notes[0]
    client.patch("/v1/users/ana", json={"consent": {"personal_lists": True}})
    assert not client.get("/v1/users/ana/recommendations").json()["notes"]
    assert client.patch("/v1/users/nina", json={"query": None}).json()["query"] == ""


def test_everything_held_about_a_viewer_then_nothing(client: TestClient, built: Path) -> None:
    client.post("/v1/events", json=event(1, "ana", "v-1042", "comment", text="ana was here"))
    client.patch("/v1/users/ana", json={"query": "soup"})
    held = client.get("/v1/users/ana").json()
    assert held["choices"]["query"] == "soup"
    assert held["live_events"][0]["text"] == "ana was here"
    assert len(held["events"]) > 5
    receipt = client.delete("/v1/users/ana")
    assert receipt.status_code == 200
    assert receipt.json()["live_events"] == 1
    assert receipt.json()["source_rows"] > 5
    assert "new here" in client.get("/v1/users/ana/recommendations").json()["notes"][0]
    gone = client.get("/v1/users/ana").json()
    assert gone["forgotten"] is True
    assert not gone["events"]
    assert not gone["live_events"]
    assert client.post("/v1/events", json=event(2, "ana", "v-1042")).json()["stored"] == 0
    assert client.patch("/v1/users/ana", json={"query": "x"}).status_code == 422
    assert client.delete("/v1/users/nobody-at-all").status_code == 422


def test_forgetting_does_not_wait_for_a_build(client: TestClient, built: Path) -> None:
    work = Workspace.open(built)
    with work.resources.locked():
        receipt = client.delete("/v1/users/ana").json()
        assert receipt["sources_pending"] is True
        assert "new here" in client.get("/v1/users/ana/recommendations").json()["notes"][0]
        assert work.resources.sources.mentions("ana")
    client.app.state.service.refresh()  # type: ignore[attr-defined]
    assert not work.resources.sources.mentions("ana")
    work.build()
    assert not (built / "forgetting.json").exists()
    work.close()


def test_trends_follow_and_need_enough_people(client: TestClient, world: TinyWorld) -> None:
    video = world.new_sailing
    four = [event(n, f"fan-{n}", video, "view") for n in range(4)]
    client.post("/v1/events", json=four)
    refresh(client)
    assert video not in ids(client.get("/v1/trending", params={"k": 5}))
    client.post("/v1/events", json=event(4, "fan-4", video, "view"))
    refresh(client)
    trend = client.get("/v1/trending", params={"k": 5}).json()["recommendations"][0]
    assert trend["video_id"] == video
    assert trend["reason"] == "5 viewers in these hours"
    client.delete("/v1/users/fan-0")
    refresh(client)
    assert video not in ids(client.get("/v1/trending", params={"k": 5}))


def test_a_new_build_and_a_rollback_are_served_between_requests(
    client: TestClient, built: Path
) -> None:
    first = client.get("/v1/published").json()["stages"]
    client.post("/v1/events", json=[event(n, f"u{n}", "v-1042") for n in range(30)])
    work = Workspace.open(built)
    work.build()
    refresh(client)
    second = client.get("/v1/published").json()["stages"]
    assert second != first
    assert client.get("/v1/videos/v-1042").json()["viewers"] == 30
    assert client.post("/v1/rollback").json()["stages"] == first
    assert client.get("/v1/published").json()["stages"] == first
    assert client.get("/v1/videos/v-1042").json()["viewers"] == 30, "live events count again"
    work.close()


def test_a_build_in_the_background_publishes_itself(client: TestClient) -> None:
    assert client.get("/v1/builds").status_code == 404
    client.post("/v1/events", json=event(1, "zoe", "v-1042"))
    first = client.get("/v1/published").json()["stages"]
    assert client.post("/v1/builds").status_code == 202
    assert client.post("/v1/builds").status_code == 409
    for _ in range(400):
        last = client.get("/v1/builds").json()
        if not last["running"]:
            break
        assert client.get("/v1/users/ana/recommendations").status_code == 200
        time.sleep(0.1)
    assert last["ok"], last["output"]
    refresh(client)
    assert client.get("/v1/published").json()["stages"] != first


def test_health_readiness_and_metrics(client: TestClient, tmp_path: Path, serve: Serve) -> None:
    assert client.get("/v1/health").json()["status"] == "alive"
    assert client.get("/v1/ready").json()["status"] == "ready"
    client.get("/v1/users/ana/recommendations")
    text = client.get("/metrics").text
    route = 'route="/v1/users/{user_id}/recommendations"'
    assert f'vireo_requests_total{{method="GET",{route},status="200"}} 1.0' in text
    assert "ana" not in text
    Workspace.create(tmp_path / "empty").close()
    empty = serve(tmp_path / "empty")
    assert empty.get("/v1/health").status_code == 200
    answer = empty.get("/v1/ready")
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:vireo:problem:not-built"
    assert "vireo build" in answer.json()["hint"]
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("GET", "/v1/users/ana/recommendations?k=0", None, 422, "query.k"),
        ("GET", "/v1/users/ana/recommendations?k=100000", None, 422, "query.k"),
        ("GET", "/v1/users/ana/recommendations?page=x", None, 422, "query.page"),
        ("GET", "/v1/users/ana/recommendations?" + "seeds=v&" * 51, None, 422, "query.seeds"),
        ("GET", "/v1/users/%20/recommendations", None, 422, "cannot be stored"),
        ("GET", "/v1/search?text=%20", None, 422, "Send a word"),
        ("GET", "/v1/videos/nothing/similar", None, 404, "no video 'nothing'"),
        ("GET", "/v1/nothing", None, 404, "openapi.json"),
        ("PUT", "/v1/health", None, 405, "openapi.json"),
        ("POST", "/v1/events", [], 422, "body"),
        ("POST", "/v1/events", {"event_id": "e"}, 422, "body"),
        ("POST", "/v1/events", event(1, " ", "v"), 422, "body"),
        ("POST", "/v1/events", event(1, "u", "v", timestamp=10**14), 422, "in the future"),
        ("POST", "/v1/events", event(1, "u", "v", surprise=1), 422, "body"),
        ("POST", "/v1/events", event(1, "u\0", "v"), 422, "body"),
        ("PATCH", "/v1/users/ana", {"consent": {}}, 422, "consent"),
        ("PUT", "/v1/videos/%20", {"title": "T"}, 422, "cannot be stored"),
    ],
)
def test_errors_are_problems_that_say_what_to_do(
    client: TestClient, method: str, path: str, body: Any, status: int, says: str
) -> None:
    answer = client.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert says in problem["detail"] + problem["hint"]
    assert problem["instance"] == answer.headers["x-request-id"]


def test_half_characters_are_refused_and_break_nothing(client: TestClient) -> None:
    body = b'{"event_id": "e", "user_id": "u\\ud800", "video_id": "v", "event": "view"}'
    answer = client.post("/v1/events", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422


def test_large_bodies_and_batches_are_refused(client: TestClient) -> None:
    big = client.post("/v1/events", content=b"x" * (1025 * 1024))
    assert big.status_code == 413
    assert big.json()["type"] == "urn:vireo:problem:too-large"

    def endless() -> Any:
        for _ in range(40):
            yield b"[" * 65536

    assert client.post("/v1/events", content=endless()).status_code == 413
    many = [event(n, "u", "v") for n in range(1001)]
    assert client.post("/v1/events", json=many).status_code == 422


def test_every_answer_carries_the_headers_of_a_careful_host(client: TestClient) -> None:
    for path in ("/v1/health", "/nothing", "/v1/users/ana/recommendations"):
        headers = client.get(path, headers={"x-request-id": "mine-1"}).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-request-id"] == "mine-1"
    evil = client.get("/v1/health", headers={"x-request-id": "a b<script>"})
    assert evil.headers["x-request-id"] != "a b<script>"


def test_wishes_count_at_once_and_can_be_taken_back(client: TestClient, world: TinyWorld) -> None:
    answer = client.patch(
        "/v1/users/nina", json={"add_preferences": [{"text": "more sailing boats"}]}
    )
    (wish,) = answer.json()["preferences"]
    top = ids(client.get("/v1/users/nina/recommendations", params={"k": 4}))
    assert set(top) <= set(world.sailing)
    answer = client.patch("/v1/users/nina", json={"remove_preferences": [wish["number"]]})
    assert answer.json()["preferences"] == []
    assert client.patch("/v1/users/nina", json={"remove_preferences": [99]}).status_code == 422


def test_rights_hold_everywhere(client: TestClient, world: TinyWorld) -> None:
    closed = {"title": "Secret Soup", "description": "Garlic soup in a pot.", "access": ["staff"]}
    client.put("/v1/videos/secret", json=closed)
    client.post("/v1/events", json=[event(n, f"fan-{n}", "secret", "view") for n in range(9)])
    refresh(client)

    def seen(**who: str) -> list[bool]:
        paths = ("search", "trending", f"videos/{world.cooking[0]}/similar")
        query: dict[str, str] = {"k": "30", "text": "soup", **who}
        lists = [f"/v1/{path}" for path in (*paths, "users/ana/recommendations")]
        return ["secret" in ids(client.get(path, params=query)) for path in lists]

    assert seen(user_id="ana") == [False] * 4
    assert seen() == [False] * 4
    assert client.get("/v1/videos/secret/similar", params={"user_id": "ana"}).status_code == 404
    assert client.get("/watch/secret").status_code == 404
    assert client.get("/thumbnails/secret").status_code == 404
    assert client.put("/v1/users/ana", json={"groups": ["staff"]}).status_code == 200
    assert seen(user_id="ana") == [True] * 4
    assert client.get("/v1/users/ana").json()["attributes"] == {"groups": ["staff"]}


def test_pages_of_a_list_do_not_overlap(client: TestClient) -> None:
    pages = [
        ids(client.get("/v1/users/ana/recommendations", params={"k": 4, "page": page}))
        for page in (1, 2)
    ]
    assert len(set(pages[0]) | set(pages[1])) == 8


def test_every_parameter_of_a_list_is_read_and_described(
    client: TestClient, world: TinyWorld
) -> None:
    picked = [("seeds", video) for video in world.sailing[:2]]
    path = "/v1/users/somebody-new/recommendations"
    found = client.get(path, params=[("k", "3"), *picked, ("explain", "true"), ("other", "1")])
    assert len(ids(found)) == 3
    assert set(ids(found)) <= set(world.sailing) - {video for _, video in picked}
    assert found.json()["recommendations"][0]["because"] == [], "a stranger has watched nothing"
    document: Any = client.get("/v1/openapi.json").json()
    described = document["paths"]["/v1/users/{user_id}/recommendations"]["get"]["parameters"]
    names = [
        "user_id",
        "k",
        "query",
        "page",
        "session",
        "seeds",
        "current_video",
        "preset",
        "explain",
    ]
    assert [one["name"] for one in described] == names
    assert [one["in"] for one in described] == ["path", *["query"] * 8]
    assert all(one["description"] for one in described[1:])
