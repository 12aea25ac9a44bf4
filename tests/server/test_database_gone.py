"""PostgreSQL stops under a running service, and comes back: nothing that was accepted is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from tests.server.running import running
from tests.server.waiting import LONGEST, until
from tests.store.postgres import Postgres, postgres
from vireo.store.base import StoreSection
from vireo.store.sql import open_store


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as one:
        yield one


def event(name: str) -> dict[str, Any]:
    return {"event_id": name, "user_id": "ana", "video_id": "v-1042", "event": "view"}


def in_trouble(client: httpx.Client) -> bool:
    return "\nvireo_trouble 1.0\n" in client.get("/metrics").text


class Sender:
    """Sends one event after the other, each until it is accepted."""

    def __init__(self, url: str) -> None:
        self.accepted: list[str] = []
        self.refused: list[httpx.Response] = []
        self.ending = False
        self._url = url
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        with httpx.Client(base_url=self._url, timeout=LONGEST) as client:
            while not self.ending:
                name = f"e{len(self.accepted)}"
                answer = client.post("/v1/events", json=event(name))
                if answer.status_code == 202:
                    self.accepted.append(name)
                else:
                    self.refused.append(answer)
                    time.sleep(0.05)

    def end(self) -> None:
        self.ending = True
        self._thread.join(LONGEST)
        assert not self._thread.is_alive()


def test_a_database_that_goes_and_comes_back(built: Path, server: Postgres) -> None:
    url = server.create("gone")
    with running(built, VIREO_DATABASE=url) as service:
        client = httpx.Client(base_url=service.url, timeout=LONGEST)
        sender = Sender(service.url)
        try:
            until(lambda: len(sender.accepted) >= 20, "some events are accepted")
            server.stop()
            until(lambda: len(sender.refused) >= 3, "the sender hears that it is gone")
            answers = [
                client.get("/v1/users/ana/recommendations"),
                client.get("/v1/ready"),
                client.get("/v1/users/ana"),
                client.patch("/v1/users/ana", json={"query": "bread"}),
                client.put("/v1/videos/new-1", json={"title": "Bread"}),
                *sender.refused,
            ]
            assert client.get("/v1/health").status_code == 200, "the process lives"
            until(lambda: in_trouble(client), "the metrics tell that changes are not followed")
            server.start()
            before = len(sender.accepted)
            until(lambda: len(sender.accepted) > before + 5, "events are accepted again")
        finally:
            sender.end()
        assert client.get("/v1/ready").status_code == 200
        assert client.get("/v1/users/ana/recommendations").status_code == 200
        until(lambda: not in_trouble(client), "the trouble is over")
        assert 'role="alert"' not in client.get("/owner").text
        client.close()
        log = "".join(service.said)
    for answer in answers:
        assert answer.status_code == 503, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"]
        assert answer.json()["type"] == "urn:vireo:problem:unavailable"
        assert answer.json()["detail"] == "The database does not answer."
        for secret in (str(server.home), "vireo@", "gone", "psycopg", "socket"):
            assert secret not in answer.text, "where the database lies is nobody's business"
    assert "a bug" not in log
    store = open_store(StoreSection(url=url), built)
    kept = [e.event_id for batch in store.events() for _, e in batch]
    store.close()
    assert not set(sender.accepted) - set(kept), "an event that was accepted is lost"
    assert len(kept) == len(set(kept)), "an event is there twice"


def test_a_service_over_a_database_that_is_not_there_says_so(built: Path, tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    import os
    import subprocess
    import sys

    url = f"postgresql+psycopg://vireo:hunter2@/gone?host={tmp_path}"
    done = subprocess.run(
        [sys.executable, "-m", "vireo", "serve", "-w", str(built), "--port", "0"],
        capture_output=True,
        text=True,
        env={**os.environ, "VIREO_DATABASE": url},
    )
    assert done.returncode == 1
    assert "that it runs" in done.stderr, "what to do"
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr
