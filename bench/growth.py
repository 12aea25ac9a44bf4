"""How cost grows: python -m bench.growth --out bench/results/growth.json --plot docs/growth.svg

Generated worlds of 1, 10 and 100 times the size walk the road, each stage in a process of its own,
so that each tells its own processor time and memory. Of `time ~ size ^ exponent` the exponent is
that of the last two sizes, where what a start costs no longer hides it; memory is told above what a
process holds that only loads the library. Videos, viewers and events grow together; for `video` the
clips; for `lists` the videos, at the same number of viewers.
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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bench.list_workspace import AT, workspace
from bench.scale_ray import clips
from bench.write_result import made_by, tell
from vireo.config import Config
from vireo.workspace import Workspace

TIMES = (1, 10, 100)
VIDEOS, USERS, EVENTS = 100, 200, 5_000
CLIPS = 8
LISTED, LISTS = 1_000, 2_000
TOPICS = 20
WORDS = 400
STEPS = ("ingest", "behavior", "understanding", "interest", "recommend", "video", "lists")
REASONS = {
    "interest": "Closed forms invert a matrix of all watched videos: its side to the third power. "
    "`interest.ease.max_videos` and `interest.next_item.max_memory_mb` end that: the expert says "
    "so.",
}
"""Stages that may grow faster than n log n, and why."""
SETTINGS: dict[str, Any] = {
    "engine": {"name": "processes"},
    "pretraining": {"objective": "none"},
    "interest": {
        "experts": [
            "popularity",
            "recent-popularity",
            "ease",
            "transitions",
            "item-knn",
            "next-item",
        ]
    },
}


def tables(folder: Path, times: int, seed: int) -> None:
    """Videos with words of their topic, and viewers with two topics."""
    rng = np.random.default_rng(seed)
    videos, users, events = VIDEOS * times, USERS * times, EVENTS * times
    topics = rng.integers(0, TOPICS, videos)
    words = np.array([_word(number) for number in range(WORDS)])
    texts = words[(topics[:, None] * 20 + rng.integers(0, 20, (videos, 12))) % WORDS]
    ids = [f"v{row}" for row in range(videos)]
    pl.DataFrame(
        {
            "video_id": ids,
            "title": [" ".join(row[:4]) for row in texts],
            "description": [" ".join(row) for row in texts],
        }
    ).write_parquet(folder / "videos.parquet")
    mine = rng.integers(0, TOPICS, (users, 2))
    user = rng.integers(0, users, events)
    wanted = mine[user, rng.integers(0, 2, events)]
    order = np.argsort(topics, kind="stable")
    starts = np.searchsorted(topics[order], np.arange(TOPICS + 1))
    sizes = np.maximum(np.diff(starts), 1)
    within = (rng.random(events) ** 2 * sizes[wanted]).astype(np.int64)
    video = order[np.minimum(starts[wanted] + within, videos - 1)]
    moment = 1_700_000_000_000 + rng.integers(0, 30 * 86_400, events) * 1000
    pl.DataFrame(
        {
            "user_id": pl.Series(user).cast(pl.String),
            "video_id": "v" + pl.Series(video).cast(pl.String),
            "event": ["view"] * events,
            "timestamp": pl.Series(moment).cast(pl.Datetime("ms")),
        }
    ).write_parquet(folder / "events.parquet")


def _word(number: int) -> str:
    """Two syllables."""
    consonants, vowels = "bdfgklmnprstvz", "aeiou"
    first, second = divmod(number, 20)
    return (
        consonants[first % 14] + vowels[first % 5] + consonants[second % 14] + vowels[second // 4]
    )


def prepare(folder: Path, times: int) -> None:
    """What the steps read."""
    tables(folder, times, 0)
    clips(folder / "clips", CLIPS * times)
    workspace(folder / "lists", LISTED * times, LISTS, 64, 0).close()


def step(folder: Path, name: str) -> None:
    """One step on one world; prints what it cost."""
    resting, start, before = _peak_mb(), time.perf_counter(), _busy()
    _do(folder, name)
    print(
        json.dumps(
            {
                "seconds": round(time.perf_counter() - start, 2),
                "processor_seconds": round(_busy() - before, 2),
                "mb": round(_peak_mb() - resting, 1),
            }
        )
    )


def _do(folder: Path, name: str) -> None:
    if name == "ingest":
        work = Workspace.create(folder / "work", config=Config.of(SETTINGS))
        work.ingest(folder / "videos.parquet", folder / "events.parquet")
    elif name == "video":
        work = Workspace.create(folder / "films", config=Config.of(SETTINGS))
        work.ingest(videos=folder / "clips" / "videos.csv")
        work.build(until="video")
    elif name == "lists":
        Workspace.open(folder / "lists").recommend_all(
            folder / "all.parquet", 10, at=AT, shard_size=500
        )
    else:
        Workspace.open(folder / "work").build(until=name)


def _peak_mb() -> float:
    """The most that this process or one of its children held."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) / 1024


def _busy() -> float:
    """Processor seconds of this process and its children."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def measured(steps: Sequence[str], times: Sequence[int], work: Path | None) -> list[dict[str, Any]]:
    """A row per step: its costs at every size, and how they grow."""
    costs: dict[str, list[dict[str, Any]]] = {name: [] for name in steps}
    for factor in times:
        with tempfile.TemporaryDirectory(dir=work) as name:
            prepare(Path(name), factor)
            for one in steps:
                costs[one].append({"times": factor, **_cost(Path(name), one)})
                print(one, costs[one][-1], file=sys.stderr, flush=True)
    return [_row(name, points) for name, points in costs.items()]


def _cost(folder: Path, name: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.growth", "--step", name, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _row(name: str, points: list[dict[str, Any]]) -> dict[str, Any]:
    row = {
        "stage": name,
        "points": points,
        "time_exponent": exponent(points, "processor_seconds"),
        "memory_exponent": exponent(points, "mb"),
    }
    return row | ({"reason": REASONS[name]} if name in REASONS else {})


def exponent(points: Sequence[Mapping[str, Any]], what: str) -> float | None:
    """The slope between the last two sizes in logarithms; None where nothing was measured."""
    if len(points) < 2 or min(points[-1][what], points[-2][what]) <= 0:
        return None
    cost = np.log(points[-1][what] / points[-2][what])
    return round(float(cost / np.log(points[-1]["times"] / points[-2]["times"])), 2)


def main() -> None:
    """All steps, or, for a process of its own, one."""
    given = _parser().parse_args()
    if given.step:
        step(given.folder, given.step)
        return
    result = {**made_by("bench.growth"), "rows": measured(given.steps, given.times, given.work)}
    result["load_average"] = round(os.getloadavg()[0], 2)
    tell(result, given.out)
    if given.plot:
        # matplotlib loads here: the processes that measure memory import this module
        from bench.growth_plot import draw

        draw(result["rows"], given.plot)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--step")
    parser.add_argument("--steps", nargs="+", default=list(STEPS))
    parser.add_argument("--times", type=int, nargs="+", default=list(TIMES))
    parser.add_argument("--work", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--plot", type=Path)
    return parser


if __name__ == "__main__":
    main()
