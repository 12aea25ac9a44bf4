"""The pages without a browser: forms are ours or refused, texts are text, keys open doors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.server.conftest import Serve
from tests.server.test_keys import add
from vireo.testing import TinyWorld
from vireo.workspace import Workspace


def csrf(client: TestClient, path: str = "/") -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]


def look_as(client: TestClient, user: str) -> str:
    token = csrf(client)
    answer = client.post("/user", data={"csrf": token, "user": user})
    assert answer.status_code == 200
    assert f"Hello, {user}" in answer.text
    return token


def test_a_like_and_a_dislike_change_the_page(client: TestClient, world: TinyWorld) -> None:
    token = look_as(client, "zoe")
    assert "new here" in client.get("/").text
    for video in world.sailing[:3]:
        fields = {"csrf": token, "event": "like", "video_id": video, "rank": "1", "back": "/"}
        assert client.post("/act", data=fields).status_code == 200
    page = client.get("/").text
    assert "new here" not in page
    assert "Because you watched" in page
    first = re.findall(r'href="/watch/([^"]+)"', page)[0]
    client.post("/act", data={"csrf": token, "event": "dislike", "video_id": first})
    assert first not in re.findall(r'href="/watch/([^"]+)"', client.get("/").text)[:24]


def test_the_taste_sentence_and_consent(client: TestClient) -> None:
    token = look_as(client, "nina")
    page = client.post(
        "/me", data={"csrf": token, "query": "sailing boats", "personal_lists": "on"}
    )
    assert "Fits your words “sailing boats”" in page.text
    assert "sailing boats" in client.get("/me").text
    assert client.get("/me/download").json()["choices"]["query"] == "sailing boats"


def test_forget_me(client: TestClient, built: Path) -> None:
    token = look_as(client, "ana")
    assert "entries" in client.get("/me").text
    client.post("/me/forget", data={"csrf": token})
    assert Workspace.open(built).resources.store.is_forgotten("ana")
    assert "ana" not in re.findall(r'<option value="([^"]*)"', client.get("/").text)


@pytest.mark.parametrize(
    "path",
    ["/act", "/me", "/me/preferences", "/me/forget", "/user", "/owner/build", "/owner/rollback"],
)
def test_forms_that_are_not_ours_are_refused(client: TestClient, built: Path, path: str) -> None:
    token = look_as(client, "ana")
    fields = {"event": "like", "video_id": "v-1042", "user": "sam"}
    for wrong in (
        {},
        {"csrf": ""},
        {"csrf": token[:-1]},
        {"csrf": "ü\ud800".encode("utf-8", "replace")},
    ):
        assert client.post(path, data={**fields, **wrong}).status_code == 403
    other = {"sec-fetch-site": "cross-site"}
    assert client.post(path, data={**fields, "csrf": token}, headers=other).status_code == 403
    assert Workspace.open(built).resources.store.watermark() == 0


def test_untrusted_text_stays_text(client: TestClient) -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    client.put("/v1/videos/evil-1", json={"title": evil, "description": evil, "creator": evil})
    client.app.state.service.state.refresh()  # type: ignore[attr-defined]
    token = csrf(client)
    client.post("/user", data={"csrf": token, "user": evil})
    pages = [
        "/",
        "/me",
        "/watch/evil-1",
        "/owner/videos",
        "/owner/videos/evil-1",
        "/thumbnails/evil-1",
    ]
    for path in [
        *pages,
        f"/search?q={evil}",
        f"/owner/try?user={evil}",
        f"/owner/videos?q={evil}",
        f"/watch/{evil}",
    ]:
        text = client.get(path, headers={"accept": "text/html"}).text
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path


def test_a_form_leads_back_to_our_own_pages_only(client: TestClient) -> None:
    token = look_as(client, "ana")
    for back in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", ""):
        fields = {"csrf": token, "event": "like", "video_id": "v-1042", "back": back}
        answer = client.post("/act", data=fields, follow_redirects=False)
        assert answer.headers["location"] == "/", back
    fields["back"] = "/search?q=a%26b"
    assert (
        client.post("/act", data=fields, follow_redirects=False).headers["location"]
        == fields["back"]
    )


def test_a_film_s_page_tells_what_there_is(client: TestClient) -> None:
    look_as(client, "ana")
    for video in ("v-1042", "v-1051"):
        page = client.get(f"/watch/{video}")
        assert page.status_code == 200, page.text
        assert '<h2 id="why-title">Why?</h2>' in page.text
        assert "not on this machine" in page.text
    client.put("/v1/videos/just-now", json={"title": "Just now"})
    assert "Just now" in client.get("/watch/just-now").text


def test_every_owner_page_answers(client: TestClient) -> None:
    for path in (
        "",
        "/videos",
        "/videos/v-1042",
        "/rejects",
        "/reports",
        "/try?user=ana",
        "/try",
        "/audit",
        "/exposure",
        "/variants",
        "/requests",
    ):
        answer = client.get(f"/owner{path}")
        assert answer.status_code == 200, path
        assert answer.headers["content-type"].startswith("text/html")


def test_exposure_counts_what_was_shown(client: TestClient) -> None:
    shown = ("v-1042", "v-1042", "v-1051")
    sent = [
        {"event_id": f"i{n}", "user_id": f"u{n}", "video_id": video, "event": "impression"}
        for n, video in enumerate(shown)
    ]
    assert client.post("/v1/events", json=sent).status_code == 202
    page = client.get("/owner/exposure").text
    assert "<dt>impressions</dt><dd>3</dd>" in page
    assert f"<dd>{100 * 2 / 24:.1f}%</dd>" in page, "two of 24 videos were shown"
    assert page.index("Shown most often") < page.rindex("v-1042") < page.rindex("v-1051")


def test_requests_are_counted_and_name_nobody(client: TestClient) -> None:
    token = look_as(client, "ana")
    client.get("/me/download")
    client.post("/me/forget", data={"csrf": token})
    page = client.get("/owner/requests").text
    assert "<dt>forgotten</dt><dd>1</dd>" in page
    assert "<dt>saw what is held</dt><dd>1</dd>" in page
    assert "ana" not in page.replace("banana", "")
    assert "artefacts were made from forgotten viewers" in page


def test_missing_things_are_pages_for_people(client: TestClient) -> None:
    for path in (
        "/nothing",
        "/watch/nothing",
        "/static/../app.py",
        "/media/nothing",
        "/owner/reports/x",
        "/owner/reports/20260301-1200-time",
        "/owner/reports/..%2F..%2Fvireo.toml",
    ):
        answer = client.get(path, headers={"accept": "text/html"})
        assert answer.status_code == 404, path
        assert "<h1>" in answer.text
    assert client.get("/static/app.py").status_code == 404
    assert client.get("/thumbnails/nothing").headers["content-type"] == "image/svg+xml"


@pytest.fixture
def keyed(built: Path, serve: Serve) -> tuple[TestClient, dict[str, str]]:
    work = Workspace.open(built)
    tokens = {
        "viewer": add(work.resources.store, "viewer", "ana")["authorization"].removeprefix(
            "Bearer "
        ),
        "owner": add(work.resources.store, "owner")["authorization"].removeprefix("Bearer "),
    }
    work.close()
    return serve(built), tokens


def test_with_keys_people_log_in(keyed: tuple[TestClient, dict[str, str]]) -> None:
    client, tokens = keyed
    assert client.get("/", follow_redirects=False).headers["location"] == "/login"
    assert client.post("/login", data={"key": "wrong"}).status_code == 401
    answer = client.post("/login", data={"key": tokens["viewer"]}, follow_redirects=False)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert tokens["viewer"] not in cookie
    page = client.get("/").text
    assert "Hello, ana" in page
    assert "sam" not in re.findall(r'<option value="([^"]*)"', page), "others are not named"
    token = csrf(client)
    assert client.post("/user", data={"csrf": token, "user": "sam"}).status_code == 403
    assert client.get("/owner").status_code == 403
    client.post("/logout", data={"csrf": token})
    assert client.get("/", follow_redirects=False).status_code == 303
    client.post("/login", data={"key": tokens["owner"]})
    assert client.get("/owner").status_code == 200


def test_no_page_elsewhere_logs_a_visitor_in(keyed: tuple[TestClient, dict[str, str]]) -> None:
    """What they watch from then on would be told to whoever owns the key."""
    client, tokens = keyed
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 303)):
        answer = client.post(
            "/login",
            data={"key": tokens["viewer"]},
            headers={"sec-fetch-site": site},
            follow_redirects=False,
        )
        assert answer.status_code == status, site
        assert ("set-cookie" in answer.headers) == (status == 303)


def test_a_revoked_key_ends_its_session(
    keyed: tuple[TestClient, dict[str, str]], built: Path
) -> None:
    client, tokens = keyed
    client.post("/login", data={"key": tokens["viewer"]})
    assert client.get("/").status_code == 200
    work = Workspace.open(built)
    viewer = next(key for key in work.resources.store.all_keys() if key.scope == "viewer")
    work.resources.store.revoke_key(viewer.key_id, 1)
    work.close()
    client.app.state.service.state.refresh()  # type: ignore[attr-defined]
    assert client.get("/", follow_redirects=False).headers["location"] == "/login"


def test_evaluations_show_their_figures(built: Path, serve: Serve) -> None:
    """Once the metrics had been renamed, the table had no columns, and nobody noticed."""
    work = Workspace.open(built)
    report = work.evaluate("2026-03-01", systems=["popularity"])
    work.save_report(report)
    work.close()
    client = serve(built)
    page = client.get("/owner/reports").text
    (name,) = [metric for metric in report.metrics if metric.startswith("ndcg@10")][:1]
    assert name in page
    assert f"{report.systems['popularity'][name].mean:.4f}" in page
    (address,) = re.findall(r'<iframe[^>]* sandbox src="(/owner/reports/[^"]+)"', page)
    plots = client.get(address)
    assert plots.headers["content-type"] == "text/html; charset=utf-8"
    policy = plots.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox"), "whatever is in the file, nothing runs"
    assert plots.headers["x-frame-options"] == "SAMEORIGIN"
    assert plots.text.count("<svg") >= 2
