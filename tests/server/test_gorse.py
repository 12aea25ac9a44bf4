"""Gorse's API and its export: a client of Gorse finds what it expects."""

from __future__ import annotations

import json
from pathlib import Path

from fastapi.testclient import TestClient

from tests.server.test_api import refresh
from vireo.data.base import DataSection
from vireo.data.readers import ReadRequest
from vireo.data.readers.gorse import HIDDEN, read
from vireo.testing import TinyWorld


def feedback(
    kind: str, user: str, item: str, moment: str = "2026-04-02T10:00:00Z"
) -> dict[str, str]:
    return {"FeedbackType": kind, "UserId": user, "ItemId": item, "Timestamp": moment}


def test_feedback_in_recommendations_out(client: TestClient, world: TinyWorld) -> None:
    sent = [feedback("star", "zoe", video) for video in world.sailing[:3]]
    assert client.post("/api/feedback", json=sent).json() == {"RowAffected": 3}
    assert client.put("/api/feedback", json=sent[:2]).json() == {"RowAffected": 0}
    ids = client.get("/api/recommend/zoe", params={"n": 4}).json()
    assert set(ids) <= set(world.sailing[3:])
    assert client.get("/api/recommend/zoe", params={"n": 2, "offset": 2}).json() == ids[2:]
    kept = client.get("/api/user/zoe/feedback").json()
    assert [one["FeedbackType"] for one in kept] == ["like"] * 3
    assert kept[0]["Timestamp"].startswith("2026-04-02T10:00:00")


def test_items_come_change_and_go(client: TestClient, world: TinyWorld) -> None:
    item = {
        "ItemId": "g-1",
        "Comment": "Gnocchi with butter and sage from the kitchen",
        "Categories": ["food", "dinner"],
        "Labels": {"tags": ["pasta", {"deep": "potato"}]},
        "Timestamp": "2026-05-01T00:00:00Z",
    }
    assert client.post("/api/item", json=item).json() == {"RowAffected": 1}
    refresh(client)
    assert "g-1" in client.get("/api/recommend/ana", params={"n": 20}).json()
    assert client.get("/api/recommend/ana/food").json() == ["g-1"]
    assert client.get("/api/recommend/ana/dinner").json() == ["g-1"]
    near = client.get("/api/item/g-1/neighbors", params={"n": 3}).json()
    assert {entry["Id"] for entry in near} <= set(world.cooking)
    assert client.get("/api/latest", params={"n": 1}).json()[0]["Id"] == "g-1"
    got = client.get("/api/item/g-1").json()
    assert got["Labels"] == ["food", "dinner", "pasta", "potato"]
    assert client.patch("/api/item/g-1", json={"Comment": "Bread"}).json() == {"RowAffected": 1}
    refresh(client)
    assert client.get("/api/item/g-1").json()["Comment"] == "Bread"
    assert client.post("/api/items", json=[{**item, "IsHidden": True}]).status_code == 200
    refresh(client)
    assert client.get("/api/item/g-1").status_code == 404
    assert client.delete(f"/api/item/{world.cooking[0]}").json() == {"RowAffected": 1}


def test_users_sessions_and_health(client: TestClient, world: TinyWorld) -> None:
    assert client.post("/api/user", json={"UserId": "new", "Labels": ["x"]}).status_code == 200
    assert client.get("/api/user/new").json()["UserId"] == "new"
    body = [feedback("read", "", video) | {"UserId": "x"} for video in world.cooking[:3]]
    found = client.post("/api/session/recommend", json=body, params={"n": 3}).json()
    assert {entry["Id"] for entry in found} <= set(world.cooking[3:])
    assert client.delete("/api/user/ana").json() == {"RowAffected": 1}
    assert client.delete("/api/user/nobody").json() == {"RowAffected": 0}
    assert client.get("/v1/users/ana").json()["forgotten"]
    assert client.get("/api/health/live").json() == {"Ready": True}
    assert client.get("/api/health/ready").json() == {"Ready": True}
    assert client.get("/api/popular").status_code == 200


def test_an_export_is_read(tmp_path: Path) -> None:
    items = [
        {"ItemId": "a", "IsHidden": False, "Categories": ["food", "x"], "Labels": ["soup", "hot"],
         "Timestamp": "2026-01-02T03:04:05Z", "Comment": "Tomato Soup"},
        {"ItemId": "b", "IsHidden": True, "Categories": [], "Labels": None, "Comment": "Gone"},
        {"ItemId": "c", "IsHidden": False, "Categories": None, "Labels": None, "Comment": ""},
    ]  # fmt: skip
    events = [
        {**feedback("read", "u1", "a"), "Value": 0, "Comment": ""},
        {**feedback("star", "u1", "c"), "Value": 1, "Comment": "so good"},
    ]
    for name, rows in {"items": items, "feedback": events}.items():
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (tmp_path / f"{name}.jsonl").write_text(text)
    request = ReadRequest(
        tmp_path / "items.jsonl", tmp_path / "feedback.jsonl", DataSection(), 1_790_000_000_000
    )
    tables = read(request)
    frames = tables.frames()
    soup, bare = frames["videos"].to_dicts()
    assert (soup["video_id"], soup["title"], soup["category"]) == ("a", "Tomato Soup", "food")
    assert soup["tags"] == ["soup", "hot"]
    assert soup["published_at"] == 1_767_323_045_000
    assert bare["video_id"] == "c"
    assert frames["rejects"]["reason"].to_list() == [HIDDEN]
    assert frames["events"]["event"].to_list() == ["view", "like"]
    assert frames["comments"]["text"].to_list() == ["so good"]
    account = tables.counts["videos"]
    assert account.accepted + sum(account.rejected.values()) == account.read == 3
