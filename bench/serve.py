"""Load on a real `vireo serve` from this second process: speed, durability under kill -9, memory.

    python -m bench.serve --work bench/.work/serve --out bench/results/serve.json

The load is bounded: recommendations are asked for at a steady pace (an open loop: a late answer
does not slow the questions down, and waiting counts into its latency), events by a few senders.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.made_up import make_world
from vireo.store.base import StoreSection
from vireo.store.sql import DATABASE, open_store

CONNECTIONS = 128
SENDERS = 8
BATCH = 50
Answer = tuple[int, bytes]


@dataclass
class Served:
    """A service in a process of its own."""

    process: subprocess.Popen[str]
    port: int

    def peak_mb(self) -> float:
        """Largest resident size so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else float("nan")


@contextmanager
def service(work: Path) -> Iterator[Served]:
    """Start, wait until it is ready, end politely."""
    command = [sys.executable, "-m", "vireo", "serve", "-w", str(work), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    port = 0
    for line in process.stderr:
        if found := re.search(r"http://\S+:(\d+)/", line):
            port = int(found[1])
            break
    drain = threading.Thread(target=lambda: [None for _ in process.stderr or ()], daemon=True)
    drain.start()
    asyncio.run(_until_ready(port))
    try:
        yield Served(process, port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


async def _until_ready(port: int) -> None:
    one = Connection(port)
    while True:
        try:
            if (await one.ask("GET", "/v1/ready"))[0] == 200:
                break
        except OSError:
            pass
        await asyncio.sleep(0.2)
    one.close()


@dataclass
class Connection:
    """One kept-alive HTTP connection, as thin as can be: the load must cost little."""

    port: int
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        """Raises OSError where the service is gone."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        kind = "Content-Type: application/json\r\n" if body else ""
        try:
            writer.write((head + kind + "\r\n").encode() + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = re.search(r"content-length: (\d+)", answer, re.IGNORECASE)
            rest = await reader.readexactly(int(length[1]) if length else 0)
        except (asyncio.IncompleteReadError, OSError) as error:
            self.close()
            raise ConnectionError(str(error)) from None
        return int(answer.split(" ", 2)[1]), rest

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


@dataclass
class Load:
    """What came back."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    codes: dict[int, int] = field(default_factory=dict)

    def note(self, code: int, seconds: float) -> None:
        self.codes[code] = self.codes.get(code, 0) + 1
        if code in (200, 202):
            self.latencies.append(seconds)

    def figures(self) -> dict[str, Any]:
        some = np.array(self.latencies) * 1000 if self.latencies else np.array([np.nan])
        return {
            "per_second": round(len(self.latencies) / self.seconds, 1),
            "p50_ms": round(float(np.percentile(some, 50)), 2),
            "p99_ms": round(float(np.percentile(some, 99)), 2),
            "codes": {str(code): count for code, count in sorted(self.codes.items())},
        }


async def ask_lists(port: int, users: int, pace: float, seconds: float, seed: int) -> Load:
    """Lists for random viewers at a steady pace, over CONNECTIONS connections."""
    rng, load = random.Random(seed), Load()  # noqa: S311
    line: asyncio.Queue[float | None] = asyncio.Queue()

    async def work() -> None:
        one = Connection(port)
        while (due := await line.get()) is not None:
            path = f"/v1/users/u{rng.randrange(users)}/recommendations?k=10"
            code, _ = await one.ask("GET", path)
            load.note(code, time.perf_counter() - due)
        one.close()

    workers = [asyncio.create_task(work()) for _ in range(CONNECTIONS)]
    start = time.perf_counter()
    for n in range(int(pace * seconds)):
        due = start + n / pace
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        line.put_nowait(due)
    for _ in workers:
        line.put_nowait(None)
    await asyncio.gather(*workers)
    load.seconds = time.perf_counter() - start
    return load


async def send_events(port: int, tag: str, seconds: float, kept: list[str]) -> Load:
    """Batches of BATCH events from SENDERS senders, each as fast as its answers come."""
    load = Load()
    end = time.perf_counter() + seconds

    async def work(sender: int) -> None:
        one, number = Connection(port), 0
        while time.perf_counter() < end:
            ids = [f"{tag}-{sender}-{number}-{n}" for n in range(BATCH)]
            number += 1
            events = [
                {"event_id": i, "user_id": f"w{sender}", "video_id": "v1", "event": "view"}
                for i in ids
            ]
            began = time.perf_counter()
            try:
                code, _ = await one.ask("POST", "/v1/events", json.dumps(events).encode())
            except OSError:
                return
            load.note(code, time.perf_counter() - began)
            if code == 202:
                kept.extend(ids)
        one.close()

    start = time.perf_counter()
    await asyncio.gather(*(work(sender) for sender in range(SENDERS)))
    load.seconds = time.perf_counter() - start
    return load


def kill_rounds(work: Path, rounds: int, promised: set[str]) -> None:
    """Kill the service at random moments while events come in; note what it promised."""
    chance = random.Random(3)  # noqa: S311
    for number in range(rounds):
        with service(work) as one:
            process, moment = one.process, chance.uniform(0.05, 0.6)
            killer = threading.Timer(moment, process.kill)
            killer.start()
            kept: list[str] = []
            tag = f"kill-{os.getpid()}-{number}"
            asyncio.run(send_events(one.port, tag, 30, kept))
            promised.update(kept)
            killer.join()
        print(f"kill {number + 1} of {rounds}: {len(kept)} events promised", file=sys.stderr)


def count_events(work: Path, promised: set[str]) -> dict[str, int]:
    """How many promised events are missing, and how many ids are there twice."""
    store = open_store(StoreSection(), work)
    found = [event.event_id for batch in store.events() for _, event in batch]
    store.close()
    once = set(found)
    return {"events_lost": len(promised - once), "events_doubled": len(found) - len(once)}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All figures, from one workspace."""
    work = make_world(options.work, options.videos, options.events)
    users = max(10, options.events // 20)
    promised: set[str] = set()
    with service(work) as one:
        asyncio.run(ask_lists(one.port, users, 20, 5, seed=1))  # warm
        lists = asyncio.run(ask_lists(one.port, users, options.pace, options.seconds, seed=2))
        flood = asyncio.run(ask_lists(one.port, users, 4 * options.pace, 5, seed=3))
        after = asyncio.run(ask_lists(one.port, users, options.pace / 4, 5, seed=4))
        half = one.peak_mb()
        kept: list[str] = []
        tag = f"load-{os.getpid()}-{time.time_ns()}"
        events = asyncio.run(send_events(one.port, tag, options.seconds, kept))
        promised.update(kept)
        peak = one.peak_mb()
    kill_rounds(work, options.rounds, promised)
    made = lists.figures()
    return {
        "recommendations_per_second": made["per_second"],
        "p50_ms": made["p50_ms"],
        "p99_ms": made["p99_ms"],
        "events_per_second": round(len(kept) / events.seconds, 1),
        "kill_rounds": options.rounds,
        **count_events(work, promised),
        "peak_rss_mb": round(peak),
        "database": "postgresql" if os.environ.get(DATABASE) else "sqlite",
        "machine": f"{os.cpu_count()} x {platform.processor() or platform.machine()}",
        "command": " ".join(["python", *sys.argv]),
        "videos": options.videos,
        "events": options.events,
        "asked_per_second": options.pace,
        "lists": made,
        "flood": flood.figures(),
        "after_the_flood": after.figures(),
        "event_batches": events.figures(),
        "rss_after_lists_mb": round(half),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("bench/.work/serve"))
    parser.add_argument("--out", type=Path, default=Path("bench/results/serve.json"))
    parser.add_argument("--videos", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--pace", type=float, default=300.0, help="lists asked for per second")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args()
    figures = measure(options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
