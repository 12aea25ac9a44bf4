"""Millions of events: python -m bench.scale_events --out bench/results/scale_events.json

Generated tables (Parquet) of events and videos; then `ingest`, the behaviour stage and the experts
that need no content, each in a process of its own, so that each tells its own memory. Seconds,
microseconds per event and the most memory held.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bench.write_result import made_by, tell
from vireo.behavior.base import NO_TIME
from vireo.interest.base import Training
from vireo.interest.registry import EXPERTS
from vireo.workspace import Workspace

EXPERT_NAMES = (
    "popularity",
    "recent-popularity",
    "transitions",
    "cooccurrence",
    "item-knn",
    "als",
    "next-item",
    "ease",
)
GOAL = {"gigabytes": 8, "events": 20_000_000}
TOPICS = 200
CHUNK = 2_000_000
DAY = 86_400_000
START = 1_700_000_000_000


def tables(folder: Path, events: int, users: int, videos: int, seed: int) -> tuple[Path, Path]:
    """A viewer has three topics; a topic's videos have a popularity that falls like 1 / rank."""
    rng = np.random.default_rng(seed)
    ids = [f"v{row:07}" for row in range(videos)]
    days = rng.integers(0, 600, videos)
    published = pl.Series(START - days * DAY).cast(pl.Datetime("ms"))
    table = pl.DataFrame({"video_id": ids, "title": ids, "published_at": published})
    table.write_parquet(folder / "videos.parquet")
    mine = rng.integers(0, TOPICS, (users, 3))
    (folder / "events").mkdir(exist_ok=True)
    each = videos // TOPICS
    lazy = []
    for number, start in enumerate(range(0, events, CHUNK)):
        count = min(CHUNK, events - start)
        user = rng.integers(0, users, count)
        topic = mine[user, rng.integers(0, 3, count)]
        rank = np.minimum(np.exp(rng.random(count) * np.log(each)), each - 1).astype(np.int64)
        video = topic + TOPICS * rank
        moment = START + rng.integers(0, 60 * 24 * 3600, count) * 1000
        path = folder / "events" / f"{number:04}.parquet"
        pl.DataFrame(
            {
                "user_id": pl.Series(user).cast(pl.String),
                "video_id": "v" + pl.Series(video).cast(pl.String).str.zfill(7),
                "event": pl.Series(np.where(rng.random(count) < 0.1, "like", "view")),
                "timestamp": pl.Series(moment).cast(pl.Datetime("ms")),
                "watch_seconds": rng.integers(5, 600, count).astype(np.float64),
            }
        ).write_parquet(path)
        lazy.append(pl.scan_parquet(path))
    pl.concat(lazy).sink_parquet(folder / "events.parquet")
    return folder / "videos.parquet", folder / "events.parquet"


def step(place: Path, name: str) -> None:
    """One step of the road; prints what it cost."""
    start = time.perf_counter()
    note = _do(place, name)
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    busy = time.process_time()
    seconds = time.perf_counter() - start
    found = {"step": name, "seconds": round(seconds, 1), "processor_seconds": round(busy, 1)}
    print(json.dumps({**found, "peak_mb": round(rss), "note": note}))


def _do(place: Path, name: str) -> Any:
    if name == "ingest":
        work = Workspace.create(place / "work")
        told = work.ingest(place / "videos.parquet", place / "events.parquet")
        return {part: told[part]["accepted"] for part in ("videos", "events")}
    work = Workspace.open(place / "work")
    if name == "behavior":
        *_, result = work.build(until="behavior")
        return {"users": result.summary.get("users")}
    return _expert(work, name)


def _expert(work: Workspace, name: str) -> Any:
    *_, result = work.build(until="behavior")
    from vireo.behavior.base import Histories

    histories = Histories.load(result.manifest.directory)
    n = histories.n_videos
    nothing = np.zeros((n, 0), dtype=np.float32)
    unknown = np.full(n, NO_TIME, dtype=np.int64)
    training = Training(histories, nothing, np.zeros(n, dtype=np.bool_), unknown)
    expert = EXPERTS.get(name).fit(training, work.config.interest, work.resources.context)
    return getattr(expert, "note", "")


def row(events: int, users: int, videos: int, folder: Path) -> dict[str, Any]:
    """All steps on one size."""
    place = folder / str(events)
    place.mkdir()
    tables(place, events, users, videos, 0)
    found = []
    for name in ("ingest", "behavior", *EXPERT_NAMES):
        command = [sys.executable, "-m", "bench.scale_events", "--step", name, str(place)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["killed"])[-1]
            found.append({"step": name, "failed": f"{done.returncode}: {last[:200]}"})
        else:
            one = json.loads(done.stdout.splitlines()[-1])
            one["microseconds_per_event"] = round(1e6 * one["seconds"] / events, 2)
            found.append(one)
        print(found[-1], file=sys.stderr, flush=True)
    return {"events": events, "users": users, "videos": videos, "steps": found}


def main() -> None:
    """Every size, the smallest first."""
    given = _parser().parse_args()
    if given.step:
        step(given.place, given.step)
        return
    rows = []
    for events in given.events:
        share = events / max(given.events)
        sizes = (
            events,
            max(round(given.users * share), 100),
            max(round(given.videos * share), 400),
        )
        with tempfile.TemporaryDirectory(dir=given.work) as name:
            rows.append(row(*sizes, Path(name)))
        result = {**made_by("bench.scale_events"), "goal": GOAL, "rows": rows}
        result["load_average"] = round(os.getloadavg()[0], 2)
        tell(result, given.out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("place", nargs="?", type=Path)
    parser.add_argument("--step")
    parser.add_argument("--events", type=int, nargs="+", default=[200_000, 2_000_000, 20_000_000])
    parser.add_argument("--users", type=int, default=100_000, help="in the largest")
    parser.add_argument("--videos", type=int, default=50_000, help="in the largest")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--out", type=Path)
    return parser


if __name__ == "__main__":
    main()
