"""Keys: what each scope opens, how they are kept, what happens without any; limits per key."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.server.conftest import Serve
from vireo.errors import InputError
from vireo.server.keys import KeyRing, make_key
from vireo.server.rate_limit import BURST_SECONDS, TokenBuckets
from vireo.store.base import Scope, Store
from vireo.workspace import CONFIG, Workspace


def add(store: Store, scope: Scope, user: str | None = None) -> dict[str, str]:
    key, token = make_key(f"a {scope}", scope, user, 1)
    store.add_key(key)
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def keyed(built: Path, serve: Serve) -> tuple[TestClient, dict[str, dict[str, str]]]:
    """A service with a key of each scope."""
    work = Workspace.open(built)
    heads = {
        "viewer": add(work.resources.store, "viewer", "ana"),
        "service": add(work.resources.store, "service"),
        "owner": add(work.resources.store, "owner"),
    }
    work.close()
    return serve(built), heads


OWN = ("GET", "/v1/users/ana/recommendations")
OTHER = ("GET", "/v1/users/sam/recommendations")
NEEDS = {
    OWN: "viewer",
    ("GET", "/v1/users/ana"): "viewer",
    ("GET", "/v1/search?text=soup"): "viewer",
    ("GET", "/v1/videos/v-1042"): "viewer",
    OTHER: "service",
    ("GET", "/v1/users/sam"): "service",
    ("DELETE", "/v1/users/sam"): "service",
    ("PATCH", "/v1/users/sam"): "service",
    ("GET", "/v1/users/sam/videos/v-1042/explanation"): "service",
    ("PUT", "/v1/videos/v-1042"): "service",
    ("DELETE", "/v1/videos/v-1042"): "service",
    ("GET", "/metrics"): "service",
    ("GET", "/v1/published"): "service",
    ("POST", "/v1/builds"): "owner",
    ("GET", "/v1/builds"): "owner",
    ("POST", "/v1/rollback"): "owner",
}
ORDER = ("viewer", "service", "owner")


@pytest.mark.parametrize(("method", "path"), NEEDS)
def test_a_key_opens_what_its_scope_says(
    keyed: tuple[TestClient, dict[str, dict[str, str]]], method: str, path: str
) -> None:
    client, heads = keyed
    body: dict[str, Any] | None = {} if method in ("PUT", "PATCH") else None
    assert client.request(method, path, json=body).status_code == 401
    for scope in ORDER:
        if ORDER.index(scope) < ORDER.index(NEEDS[method, path]):
            assert (
                client.request(method, path, json=body, headers=heads[scope]).status_code == 403
            ), scope
    if method == "GET" and path != "/v1/builds":
        assert client.request(method, path, headers=heads[NEEDS[method, path]]).status_code == 200


def test_a_viewer_writes_only_own_events(
    keyed: tuple[TestClient, dict[str, dict[str, str]]],
) -> None:
    client, heads = keyed
    mine = {"event_id": "e1", "user_id": "ana", "video_id": "v-1042", "event": "like"}
    theirs = {**mine, "event_id": "e2", "user_id": "sam"}
    assert client.post("/v1/events", json=mine, headers=heads["viewer"]).status_code == 202
    refused = client.post("/v1/events", json=[mine, theirs], headers=heads["viewer"])
    assert refused.status_code == 403
    assert client.post("/v1/events", json=theirs, headers=heads["service"]).status_code == 202


def test_wrong_keys_are_refused_and_told_how_to_come(
    keyed: tuple[TestClient, dict[str, dict[str, str]]],
) -> None:
    client, heads = keyed
    token = heads["service"]["authorization"].removeprefix("Bearer ")
    for wrong in (
        "",
        "x",
        token[:-1],
        token + "x",
        token.replace("vireo", "other"),
        "vireo__",
        "ü",
    ):
        answer = client.get(OWN[1], headers={b"x-api-key": wrong.encode()})
        assert answer.status_code == 401, wrong
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"
    assert client.get(OWN[1], headers={"x-api-key": token}).status_code == 200
    assert client.get("/v1/health").status_code == 200
    assert client.get("/v1/ready").status_code == 200


def test_a_revoked_key_is_out_at_the_next_look(built: Path, serve: Serve) -> None:
    work = Workspace.open(built)
    add(work.resources.store, "owner")
    head = add(work.resources.store, "service")
    client = serve(built)
    assert client.get(OTHER[1], headers=head).status_code == 200
    key = next(key for key in work.resources.store.all_keys() if key.scope == "service")
    work.resources.store.revoke_key(key.key_id, 5)
    client.app.state.service.state.refresh()  # type: ignore[attr-defined]
    assert client.get(OTHER[1], headers=head).status_code == 401
    work.close()


def test_a_forgotten_viewer_s_key_is_gone(built: Path) -> None:
    work = Workspace.open(built)
    add(work.resources.store, "viewer", "ana")
    work.forget("ana")
    assert not len(KeyRing(work.resources.store))
    work.close()


def test_no_secret_is_in_any_file(
    built: Path, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    work = Workspace.open(built)
    head = add(work.resources.store, "service")
    secret = head["authorization"].split("_", 2)[2].encode()
    with caplog.at_level("DEBUG"):
        assert serve(built).get(OWN[1], headers=head).status_code == 200
    assert secret.decode() not in caplog.text
    assert "ana" not in "".join(r.getMessage() for r in caplog.records if r.name == "vireo.access")
    work.close()
    for path in built.rglob("*"):
        assert not path.is_file() or secret not in path.read_bytes(), path
    with closing(sqlite3.connect(built / "vireo.db")) as connection:
        ((digest,),) = connection.execute("SELECT digest FROM vireo_keys")
    assert len(digest) == 64


@pytest.mark.parametrize(
    ("name", "scope", "user"),
    [
        ("", "service", None),
        ("x" * 200, "owner", None),
        ("a\nb", "owner", None),
        ("v", "viewer", None),
        ("s", "service", "ana"),
    ],
)
def test_keys_that_make_no_sense_are_refused(name: str, scope: Scope, user: str | None) -> None:
    with pytest.raises(InputError):
        make_key(name, scope, user, 1)


def test_without_keys_only_our_own_name_is_answered(client: TestClient) -> None:
    for host in ("localhost", "localhost:8080", "127.0.0.1:1", "[::1]:80"):
        assert client.get("/v1/health", headers={"host": host}).status_code == 200, host
    far = TestClient(client.app, base_url="http://localhost", client=("192.0.2.1", 9))
    assert far.get("/v1/health").status_code == 403, "whoever is far away cannot say to be near"
    for host in ("evil.example", "localhost.evil.example", "", "[::1"):
        answer = client.get("/v1/health", headers={"host": host})
        assert answer.status_code == 403, host
        assert "vireo keys add" in answer.json()["hint"]


def test_without_keys_no_page_elsewhere_is_answered(client: TestClient) -> None:
    """A browser sends for any page, without asking, what needs neither a body nor a header."""
    before = client.get("/v1/published").json()
    for origin in ("https://evil.example", "http://localhost.evil.example", "null", "http://[::1"):
        answer = client.post("/v1/rollback", headers={"origin": origin})
        assert answer.status_code == 403, origin
    assert client.get("/v1/published").json() == before
    assert client.get("/v1/builds").status_code == 404
    assert client.get("/v1/health", headers={"origin": "http://localhost:8080"}).is_success


def test_too_many_requests_are_told_to_wait(built: Path, serve: Serve) -> None:
    text = (built / CONFIG).read_text(encoding="utf-8")
    text = text.replace("[server]", "[server]\nrequests_per_minute = 30")
    (built / CONFIG).write_text(text, encoding="utf-8")
    client = serve(built)
    codes = [client.get("/v1/published").status_code for _ in range(8)]
    assert codes[:5] == [200] * 5
    assert codes[-1] == 429
    answer = client.get("/v1/published")
    assert int(answer.headers["retry-after"]) >= 1
    assert client.get("/v1/health").status_code == 200, "health is never limited"


def test_a_bucket_fills_at_its_pace() -> None:
    moment = [0.0]
    buckets = TokenBuckets(clock=lambda: moment[0])
    burst = int(2 * BURST_SECONDS)
    assert [buckets.take("a", 120) for _ in range(burst)] == [0.0] * burst
    assert buckets.take("a", 120) == pytest.approx(0.5)
    assert buckets.take("b", 120) == 0.0, "each caller has a bucket"
    moment[0] = 0.5
    assert buckets.take("a", 120) == 0.0
    assert buckets.take("a", 120) > 0
    moment[0] = 3600.0
    assert [buckets.take("a", 120) for _ in range(burst)] == [0.0] * burst
    assert buckets.take("a", 120) > 0, "a long pause does not fill it beyond its brim"
