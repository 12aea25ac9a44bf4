"""Load on a real `vireo serve` from this second process: speed, durability under kill -9, memory.

    python -m bench.serve --work bench/.work/serve --out bench/results/serve.json [--long]

The load is bounded: recommendations are asked for at a steady pace (an open loop: a late answer
does not slow the questions down, and waiting counts into its latency), events by a few senders.
The rounds of kill -9 run on a small world of their own: what is durable does not depend on the
catalogue, and a service that starts quickly is killed more often.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import re
import sys
import threading
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from bench.http_load import Connection, Load, Served, service
from bench.synthetic_catalogue import make_world
from vireo.store.base import StoreSection
from vireo.store.sql import DATABASE, open_store

CONNECTIONS = 128
SENDERS = 8
BATCH = 50
FEW = 8
"""Connections that ask for lists as fast as the answers come, to see whether memory stays flat:
fewer than may wait for a list, so that none is refused."""
LONG = 200_000
"""Lists in that part with --long."""
ACTIVE = 2
"""Every second viewer did something since the build, as on a site that is in use: their lists have
to take it in."""
DID = ("view", "view", "impression")


async def ask_lists(port: int, users: int, pace: float, seconds: float, seed: int) -> Load:
    """Lists for random viewers at a steady pace, over CONNECTIONS connections."""
    rng, load = random.Random(seed), Load()  # noqa: S311
    line: asyncio.Queue[float | None] = asyncio.Queue()

    async def work() -> None:
        one = Connection(port)
        while (due := await line.get()) is not None:
            path = f"/v1/users/u{rng.randrange(users)}/recommendations?k=10"
            sent = time.perf_counter()
            code, _ = await one.ask("GET", path)
            now = time.perf_counter()
            load.note(code, now - due, now - sent)
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


async def be_active(port: int, users: int, videos: int, seed: int = 5) -> None:
    """A few live events of every ACTIVEth viewer; sent again, they are the same ones."""
    rng, one, now = random.Random(seed), Connection(port), round(time.time() * 1000)  # noqa: S311
    events = [
        {
            "event_id": f"active-{user}-{n}",
            "user_id": f"u{user}",
            "video_id": f"v{rng.randrange(videos)}",
            "event": word,
            "timestamp": now - 60_000 * n,
        }
        for user in range(0, users, ACTIVE)
        for n, word in enumerate(DID)
    ]
    for start in range(0, len(events), 10 * BATCH):
        some = events[start : start + 10 * BATCH]
        code, said = await one.ask("POST", "/v1/events", json.dumps(some).encode())
        if code != 202:
            raise RuntimeError(f"The service did not take the events: {said!r}")
    one.close()


async def ask_many(port: int, users: int, count: int, seed: int) -> Load:
    """Lists for random viewers over FEW connections, each as fast as its answers come."""
    rng, load = random.Random(seed), Load()  # noqa: S311
    left = iter(range(count))

    async def work() -> None:
        one = Connection(port)
        for _ in left:
            began = time.perf_counter()
            code, _ = await one.ask("GET", f"/v1/users/u{rng.randrange(users)}/recommendations")
            took = time.perf_counter() - began
            if code != 200:
                raise RuntimeError(f"A list was answered with {code}.")
            load.note(code, took, took)
        one.close()

    start = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(FEW)))
    load.seconds = time.perf_counter() - start
    return load


def memory_over(one: Served, users: int, count: int) -> dict[str, Any]:
    """Resident size (MB) before, after half and after all of `count` lists, and their speed."""
    sizes, loads = [one.now_mb()], []
    for half in (0, 1):
        loads.append(asyncio.run(ask_many(one.port, users, count // 2, seed=10 + half)))
        sizes.append(one.now_mb())
        print(f"{(half + 1) * count // 2} lists: {sizes[-1]:.0f} MB", file=sys.stderr)
    per_second = sum(len(load.latencies) for load in loads) / sum(load.seconds for load in loads)
    return {
        "requests": count,
        "rss_mb": [round(size) for size in sizes],
        "per_second": round(per_second, 1),
    }


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
            took = time.perf_counter() - began
            load.note(code, took, took)
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
    """All figures: lists, flood, events and memory on the large world, kills on a small one."""
    work = make_world(options.work, options.videos, options.events)
    users = max(10, options.events // 20)
    kept: list[str] = []
    with service(work) as one:
        loaded = one.now_mb()
        asyncio.run(be_active(one.port, users, options.videos))
        # A service that has just started reads memory for the first time: told apart.
        first = _said(
            "at first", ask_lists(one.port, users, options.pace / 2, options.seconds, seed=1)
        )
        lists = _said("lists", ask_lists(one.port, users, options.pace, options.seconds, seed=2))
        flood = _said("flood", ask_lists(one.port, users, 4 * options.pace, 5, seed=3))
        after = _said("after the flood", ask_lists(one.port, users, options.pace / 4, 5, seed=4))
        tag = f"load-{os.getpid()}-{time.time_ns()}"
        events = _said("event batches", send_events(one.port, tag, options.seconds, kept))
        memory = memory_over(one, users, options.requests)
        peak = one.peak_mb()
    safe = count_events(work, set(kept))
    small = make_world(options.work / "small", 200, 2_000)
    promised: set[str] = set()
    kill_rounds(small, options.rounds, promised)
    killed = count_events(small, promised)
    made = lists.figures()
    return {
        "recommendations_per_second": made["per_second"],
        "p50_ms": made["p50_ms"],
        "p99_ms": made["p99_ms"],
        "events_per_second": round(len(kept) / events.seconds, 1),
        "kill_rounds": options.rounds,
        **{name: safe[name] + killed[name] for name in safe},
        "peak_rss_mb": round(peak),
        "database": "postgresql" if os.environ.get(DATABASE) else "sqlite",
        "machine": f"{os.cpu_count()} x {_processor()}",
        "command": " ".join(["python -m bench.serve", *sys.argv[1:]]),
        "date": time.strftime("%Y-%m-%d"),
        "videos": options.videos,
        "events": options.events,
        "asked_per_second": options.pace,
        "viewers_with_live_events": 1 / ACTIVE,
        "at_first": first.figures(),
        "lists": made,
        "flood": flood.figures(),
        "after_the_flood": after.figures(),
        "event_batches": events.figures(),
        "events_promised_before_kills": len(promised),
        "rss_loaded_mb": round(loaded),
        "memory": memory,
    }


def _said(what: str, asked: Coroutine[Any, Any, Load]) -> Load:
    """What came back, told on standard error when it is there."""
    load = asyncio.run(asked)
    print(f"{what}: {load.figures()}", file=sys.stderr)
    return load


def _processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        told = ""
    found = re.search(r"model name\s*:\s*(.+)", told)
    return found[1] if found else platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("bench/.work/serve"))
    parser.add_argument("--out", type=Path, default=Path("bench/results/serve.json"))
    parser.add_argument("--videos", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--pace", type=float, default=300.0, help="lists asked for per second")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--requests", type=int, default=20_000, help="lists while memory is seen")
    parser.add_argument("--long", action="store_true", help=f"the same with {LONG} lists")
    options = parser.parse_args()
    if options.long:
        options.requests = LONG
    figures = measure(options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
