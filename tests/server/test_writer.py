"""The writer: nothing is answered before it is durable, nothing is lost, senders share turns."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vireo.errors import InputError, StageFailed
from vireo.server import event_writer as writer_module
from vireo.server.event_writer import EventWriter, QueueFull
from vireo.store.base import Events, LiveEvent, StoreSection
from vireo.store.contract import BAD, live
from vireo.store.sql import open_store


class Slow:
    """A real store whose first transaction waits until the test lets it go."""

    def __init__(self, place: Path) -> None:
        self.store = open_store(StoreSection(), place)
        self.go = threading.Event()
        self.began = threading.Event()
        self.turns: list[int] = []

    def append_all(self, batches: Sequence[Sequence[LiveEvent]]) -> list[int]:
        self.turns.append(len(batches))
        self.began.set()
        assert self.go.wait(20)
        return self.store.append_all(batches)

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


@pytest.fixture
def slow(tmp_path: Path) -> Slow:
    return Slow(tmp_path)


def as_store(slow: Slow) -> Events:
    store: Events = slow  # type: ignore[assignment]
    return store


def test_senders_that_come_meanwhile_share_the_next_transaction(slow: Slow) -> None:
    writer = EventWriter(as_store(slow))
    first = writer.submit([live(0)])
    assert slow.began.wait(20)
    rest = [writer.submit([live(n), live(n + 1)]) for n in range(1, 11)]
    assert not first.done()
    assert not any(future.done() for future in rest)
    slow.go.set()
    assert first.result(20) == 1
    # e1 e2, e2 e3, ...: of the overlapping pairs only one event each is new
    assert [future.result(20) for future in rest] == [2, *[1] * 9]
    assert slow.turns == [1, 10]
    writer.close()
    assert slow.store.watermark() == 12


def test_closing_writes_what_waits(slow: Slow) -> None:
    writer = EventWriter(as_store(slow))
    futures = [writer.submit([live(n)]) for n in range(20)]
    slow.go.set()
    writer.close()
    assert [future.result(0) for future in futures] == [1] * 20
    assert slow.store.watermark() == 20
    with pytest.raises(QueueFull):
        writer.submit([live(99)])


def test_a_failure_reaches_its_senders_and_no_others(tmp_path: Path) -> None:
    class Fails(Slow):
        def append_all(self, batches: Sequence[Sequence[LiveEvent]]) -> list[int]:
            if any(event.video_id == "v-fails" for batch in batches for event in batch):
                raise StageFailed("The database failed: disk full", "Free some space.")
            return self.store.append_all(batches)

    store = Fails(tmp_path)
    writer = EventWriter(as_store(store))
    with pytest.raises(StageFailed, match="disk full"):
        writer.submit([live(1, video="v-fails")]).result(20)
    assert writer.submit([live(2)]).result(20) == 1, "it goes on after a failure"
    for bad in BAD:
        with pytest.raises(InputError):
            writer.submit([bad])
    writer.close()


def test_too_many_waiting_are_refused_at_once(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "MAX_WAITING", 5)
    writer = EventWriter(as_store(slow))
    writer.submit([live(0)])
    assert slow.began.wait(20)
    writer.submit([live(n) for n in range(1, 6)])
    with pytest.raises(QueueFull, match="waiting"):
        writer.submit([live(6)])
    slow.go.set()
    writer.close()


def test_many_threads_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    store = open_store(StoreSection(), tmp_path)
    writer = EventWriter(store)

    def send(start: int) -> int:
        return sum(
            writer.submit([live(n), live(n + 1)]).result(20) for n in range(start, start + 40)
        )

    with ThreadPoolExecutor(8) as pool:
        stored = sum(pool.map(send, range(0, 160, 20)))
    writer.close()
    found = [event.event_id for batch in store.events() for _, event in batch]
    assert stored == len(found) == len(set(found)) == 181
    store.close()
