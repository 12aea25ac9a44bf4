"""What goes wrong in the world: kill -9, a locked or full disk, damage, a clock that jumps."""

from __future__ import annotations

import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient
from prometheus_client import Gauge

from tests.server.conftest import Serve
from tests.server.running import running
from tests.server.waiting import LONGEST, until
from vireo.server import list_executor
from vireo.server.app import THREADS
from vireo.store import database as database_module
from vireo.store.base import StoreSection
from vireo.store.sql import FILE, open_store
from vireo.workspace import CONFIG, Workspace

ROUNDS = 5


class Gate:
    """Stands before a function, counts who comes, and lets nobody through until it is open."""

    def __init__(self, behind: Callable[..., Any]) -> None:
        self.open = threading.Event()
        self.reached = 0
        self._behind = behind
        self._turn = threading.Lock()

    def __call__(self, *asked: Any) -> Any:
        with self._turn:
            self.reached += 1
        assert self.open.wait(2 * LONGEST), "nobody opened the gate"
        return self._behind(*asked)


def has(answered: list[list[str]], count: int) -> bool:
    """Whether so many events were answered, by all senders together."""
    return sum(map(len, answered)) >= count


def value_of(gauge: Gauge) -> float:
    """What the gauge shows."""
    return next(sample.value for metric in gauge.collect() for sample in metric.samples)


def patient(workspace: Path) -> None:
    """Let requests wait longer than a busy machine makes them."""
    path = workspace / CONFIG
    text = path.read_text(encoding="utf-8")
    assert text.count("[server]") == 1
    told = text.replace("[server]", f"[server]\ntimeout_seconds = {4 * LONGEST}")
    path.write_text(told, encoding="utf-8")


def event(name: str, user: str = "ana") -> dict[str, Any]:
    return {"event_id": name, "user_id": user, "video_id": "v-1042", "event": "view"}


def send_until_dead(url: str, sender: int, start: int, answered: list[str]) -> None:
    """Batches of ten; every third batch repeats the one before, as a nervous client would."""
    with httpx.Client(base_url=url, timeout=20) as client:
        for n in range(start, start + 10_000):
            ids = [f"s{sender}-{n - (n % 3 == 2)}-{k}" for k in range(10)]
            try:
                answer = client.post("/v1/events", json=[event(i, f"u{sender}") for i in ids])
            except httpx.HTTPError:
                return
            if answer.status_code == 202:
                answered.extend(ids)


def test_kill_at_random_moments_loses_and_doubles_nothing(built: Path) -> None:
    chance = random.Random(7)
    answered: list[list[str]] = [[], [], []]
    for number in range(ROUNDS):
        with running(built) as service:
            start = 20_000 * number
            senders = [
                threading.Thread(target=send_until_dead, args=(service.url, s, start, answered[s]))
                for s in range(3)
            ]
            for sender in senders:
                sender.start()
            enough = sum(map(len, answered)) + 20
            until(partial(has, answered, enough), "some events are answered")
            time.sleep(chance.uniform(0, 0.3))
            service.process.send_signal(signal.SIGKILL)
            for sender in senders:
                sender.join()
    store = open_store(StoreSection(), built)
    kept = [e.event_id for batch in store.events() for _, e in batch]
    store.close()
    promised = {one for some in answered for one in some}
    assert len(promised) >= 20 * ROUNDS
    assert not promised - set(kept), "an event that was answered is lost"
    assert len(kept) == len(set(kept)), "an event is there twice"


def test_a_polite_end_answers_what_is_in_flight(built: Path) -> None:
    answered: list[str] = []
    with running(built) as service:
        sender = threading.Thread(target=send_until_dead, args=(service.url, 0, 0, answered))
        sender.start()
        until(lambda: len(answered) >= 50, "some events are answered")
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(30)
        sender.join()
    store = open_store(StoreSection(), built)
    kept = {e.event_id for batch in store.events() for _, e in batch}
    store.close()
    assert set(answered) <= kept


def test_a_locked_database_is_said_and_got_over(
    built: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.2)
    client = serve(built)
    with closing(sqlite3.connect(built / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = client.post("/v1/events", json=event("e1"))
        assert answer.status_code == 503
        assert "locked" in answer.json()["detail"]
        assert answer.headers["retry-after"]
        lists = client.get("/v1/users/ana/recommendations")
        assert lists.status_code == 200, "reading goes on"
        other.execute("ROLLBACK")
    assert client.post("/v1/events", json=event("e1")).json()["stored"] == 1


def test_a_full_disk_is_said_and_got_over(client: TestClient, built: Path) -> None:
    store = client.app.state.service.store  # type: ignore[attr-defined]
    assert client.post("/v1/events", json=event("before")).status_code == 202
    biggest = max(path.stat().st_size for path in built.glob(f"{FILE}*"))
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (biggest + 4096, old[1]))
    try:
        full = None
        for n in range(200):
            many = [event(f"full-{n}-{k}") | {"text": "x" * 200} for k in range(50)]
            full = client.post("/v1/events", json=many)
            if full.status_code != 202:
                break
        assert full is not None
        assert full.status_code == 503, full.text
        assert full.headers["content-type"] == "application/problem+json"
        assert client.get("/v1/users/ana/recommendations").status_code == 200
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert client.post("/v1/events", json=event("after")).status_code == 202
    kept = {e.event_id for batch in store.events() for _, e in batch}
    assert {"before", "after"} <= kept
    assert f"full-{n}-0" not in kept, "refused and kept"


def test_a_damaged_build_is_not_published_over_a_good_one(built: Path, serve: Serve) -> None:
    client = serve(built)
    state = client.app.state.service.state  # type: ignore[attr-defined]
    first = client.get("/v1/published").json()["stages"]
    client.post("/v1/events", json=[event(f"e{n}", f"u{n}") for n in range(9)])
    work = Workspace.open(built)
    work.build()
    _damage(built / "artifacts" / "interest" / work.resources.published.current()["interest"])
    state.refresh()
    assert client.get("/v1/published").json()["stages"] == first, "the good one goes on"
    assert "not what its manifest says" in state.trouble
    assert "\nvireo_trouble 1.0\n" in client.get("/metrics").text
    assert client.get("/v1/users/ana/recommendations").status_code == 200
    shutil.rmtree(built / "artifacts" / "interest" / work.resources.published.current()["interest"])
    work.build()
    (built / "live.json").touch()
    state.refresh()
    assert state.trouble == ""
    text = client.get("/metrics").text
    assert "\nvireo_trouble 0.0\n" in text
    published = float(re.findall(r"\nvireo_published_at_seconds (\S+)", text)[0])
    assert published == pytest.approx((built / "live.json").stat().st_mtime)
    assert client.get("/v1/published").json()["stages"] != first
    work.close()


def _damage(directory: Path) -> None:
    """One byte is turned: neither the size nor the name tells."""
    victim = next(path for path in directory.rglob("*.safetensors") if path.stat().st_size > 4000)
    data = bytearray(victim.read_bytes())
    data[-100] ^= 0xFF
    victim.write_bytes(bytes(data))


def test_a_service_that_starts_on_damage_serves_the_build_before(built: Path, serve: Serve) -> None:
    work = Workspace.open(built)
    first = work.resources.published.current()
    work.record([])
    with closing(sqlite3.connect(built / FILE)):
        pass
    table = built.parent / "more.csv"
    table.write_text("user_id,video_id,event,timestamp\nzoe,v-1042,like,2026-04-02\n")
    work.ingest(events=table)
    work.build()
    _damage(built / "artifacts" / "interest" / work.resources.published.current()["interest"])
    work.close()
    client = serve(built)
    assert client.get("/v1/published").json()["stages"] == first
    assert client.get("/v1/users/ana/recommendations").status_code == 200


def test_a_damaged_pointer_keeps_what_is_served(built: Path, serve: Serve) -> None:
    client = serve(built)
    (built / "live.json").write_text("{")
    client.app.state.service.state.refresh()  # type: ignore[attr-defined]
    assert client.get("/v1/users/ana/recommendations").status_code == 200
    assert "damaged" in client.get("/owner").text


def test_a_clock_that_jumps_back_changes_nothing(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fans = [event(f"e{n}", f"fan-{n}") for n in range(6)]
    assert client.post("/v1/events", json=fans).json()["stored"] == 6
    real = time.time
    monkeypatch.setattr("time.time", lambda: real() - 30 * 86_400)
    assert client.post("/v1/events", json=event("later", "zoe")).json()["stored"] == 1
    client.app.state.service.state.refresh()  # type: ignore[attr-defined]
    trend = client.get("/v1/trending").json()["recommendations"][0]
    assert (trend["video_id"], trend["reason"]) == ("v-1042", "6 viewers in these hours")
    notes = client.get("/v1/users/zoe/recommendations").json()["notes"]
    assert not notes, "the event counts, whenever it was"
    stamped = event("stamped", "zoe") | {"timestamp": round(real() * 1000)}
    refused = client.post("/v1/events", json=stamped)
    assert refused.status_code == 422
    assert "compare the clocks" in refused.json()["hint"]


@pytest.mark.parametrize(
    ("address", "work"),
    [
        ("/v1/users/ana/recommendations?explain=true", "listed"),  # in a thread
        ("/v1/search?text=cooking", "search"),
    ],
)
def test_too_many_requests_at_once_are_turned_away_and_it_recovers(
    built: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch, address: str, work: str
) -> None:
    patient(built)
    client = serve(built)
    served = client.app.state.service  # type: ignore[attr-defined]
    in_flight = client.app.state.metrics.in_flight  # type: ignore[attr-defined]
    section = served.section
    lists = work == "listed"  # which wait in a line of their own
    threads = section.threads if lists else THREADS
    most = section.threads + section.max_queued_lists if lists else section.max_in_flight
    first = client.get(address).json()["recommendations"]
    gate = Gate(getattr(served.lists, work))
    monkeypatch.setattr(served.lists, work, gate)
    codes: list[int] = []
    ask = lambda: codes.append(client.get(address).status_code)  # noqa: E731
    asking = [threading.Thread(target=ask, daemon=True) for _ in range(most)]
    try:
        for one in asking:
            one.start()
        until(lambda: gate.reached == threads, "every worker waits at the gate")
        until(lambda: value_of(in_flight) == most, "the service is full")
        turned_away = [client.get(address) for _ in range(20)]
        assert not codes, "the others are still at work"
    finally:
        gate.open.set()
    for one in asking:
        one.join(LONGEST)
    assert {answer.status_code for answer in turned_away} == {503}
    assert {answer.json()["type"] for answer in turned_away} == {"urn:vireo:problem:overloaded"}
    assert all(answer.headers["retry-after"] for answer in turned_away)
    assert codes == [200] * most, "who was let in is answered"
    assert gate.reached == most, "who was turned away cost no list"
    assert client.get(address).json()["recommendations"] == first


def test_more_quick_lists_than_the_line_holds_are_turned_away_and_it_recovers(
    built: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(built)
    monkeypatch.setattr(list_executor, "QUICK_SECONDS", LONGEST)  # however busy the machine is
    client = serve(built)
    served = client.app.state.service  # type: ignore[attr-defined]
    address = "/v1/users/ana/recommendations"
    first = client.get(address).json()["recommendations"]
    made: list[str] = []
    listed = served.lists.listed

    def slowly(*asked: Any) -> Any:
        made.append(threading.current_thread().name)
        time.sleep(0.01)
        return listed(*asked)

    monkeypatch.setattr(served.lists, "listed", slowly)
    many = 4 * (served.section.max_queued_lists + served.section.threads)
    with ThreadPoolExecutor(many) as pool:
        answers = list(pool.map(lambda _: client.get(address), range(many)))
    codes = Counter(answer.status_code for answer in answers)
    assert set(codes) == {200, 503}
    assert codes[200] == len(made), "who was turned away cost no list"
    assert not any(name.startswith("vireo-lists") for name in made)
    assert client.get(address).json()["recommendations"] == first


def test_an_address_that_is_taken_or_too_open_is_refused(built: Path) -> None:
    import sys

    command = [sys.executable, "-m", "vireo", "serve", "-w", str(built)]
    done = subprocess.run([*command, "--host", "0.0.0.0"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "vireo keys add" in done.stderr
    with running(built) as service:
        port = service.url.rsplit(":", 1)[1]
        done = subprocess.run([*command, "--port", port], capture_output=True, text=True)
    assert done.returncode == 2
    assert "--port" in done.stderr
