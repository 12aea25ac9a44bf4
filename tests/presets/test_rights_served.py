"""Rights at random against a running service: no answer and no page names a closed meeting."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from tests.presets.test_presets import example
from vireo.server.app import create_app
from vireo.workspace import Workspace

GROUPS = ("engine", "sales", "people", "finance", "board", "everybody")
ROUNDS = 8


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = example("meetings")(tmp_path_factory.mktemp("company"))
    work.close()
    return work.path


def choose(client: TestClient, user: str) -> None:
    """Look at the pages as this viewer."""
    page = client.get("/").text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token is not None
    form = {"csrf": token[1], "user": user}
    assert client.post("/user", data=form, follow_redirects=False).status_code == 303


def test_no_answer_and_no_page_names_what_a_viewer_may_not_open(company: Path) -> None:
    random = np.random.default_rng(7)
    work = Workspace.open(company)
    rows = [
        row for source in work.resources.sources.all() for row in source.frame("videos").to_dicts()
    ]
    titles = {row["video_id"]: row["title"] for row in rows}
    home = {row["video_id"]: row["access"][0] for row in rows}
    watched = {row["video_id"] for row in work.export("Ada")["events"]}
    work.close()
    app = create_app(Workspace.open(company))
    with TestClient(app, base_url="http://localhost", client=("127.0.0.1", 50_000)) as client:
        crowd = [
            {
                "event_id": f"{video}-{n}",
                "user_id": f"person-{n}",
                "video_id": video,
                "event": "view",
            }
            for video in ("board-2", "sales-2", "everybody-2")
            for n in range(8)
        ]
        assert client.post("/v1/events", json=crowd).status_code == 202
        app.state.service.state.refresh()
        choose(client, "Ada")
        named, closed_seen = 0, 0
        for _ in range(ROUNDS):
            mine = [group for group in GROUPS if random.random() < 0.4]
            assert client.put("/v1/users/Ada", json={"groups": mine}).status_code == 200
            closed = {video for video, group in home.items() if group not in mine}
            closed_seen += len(closed & watched)
            some = random.choice(sorted(titles), 6, replace=False).tolist()
            asked = [
                "/v1/users/Ada/recommendations?k=72&explain=true",
                *(f"/v1/users/Ada/recommendations?k=5&page={page}" for page in (2, 3)),
                "/v1/search?user_id=Ada&k=72&text=week",
                "/v1/search?user_id=Ada&k=72&text=the+merger+and+the+spring+fair",
                "/v1/trending?user_id=Ada&k=72",
                *(f"/v1/videos/{video}/similar?user_id=Ada&k=72" for video in some),
                *(f"/v1/users/Ada/videos/{video}/explanation" for video in some),
                *("/", "/me", "/search?q=week", "/search?q=board"),
                *(f"/watch/{video}" for video in some),
            ]
            for path in asked:
                answer = client.get(path)
                assert answer.status_code < 500, (path, answer.text)
                text = answer.text.replace(path, "")
                own = {video for video in some if f"/{video}" in path}  # echoed in the refusal
                shown = {
                    video
                    for video in titles
                    if f"{titles[video]}" in re.sub(r"week \d+(?=\d)", "", text)
                    and re.search(rf"{re.escape(titles[video])}(?!\d)", text)
                }
                shown |= set(re.findall(r'(?:/watch/|"video_id":\s?")([a-z]+-\d+)', text)) - own
                assert not shown & closed, (path, mine, shown & closed)
                named += len(shown)
        assert named > 100, "nothing was shown at all: nothing was tested"
        assert closed_seen > 5, "rights on what was watched have to be taken away, too"
