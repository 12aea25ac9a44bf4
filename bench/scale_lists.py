"""Everybody's lists: python -m bench.scale_lists --out bench/results/scale_lists.json

Made-up catalogues and histories (bench/list_workspace.py), the usual rules, lists of ten, two
workers. Lists a second of `vireo recommend --all`, loading included, and the most memory that the
command and any of its workers held, for more and more viewers.
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

import polars as pl

from bench.list_workspace import AT, workspace
from bench.write_result import made_by, tell
from vireo.workspace import Workspace

GOAL = {"lists_per_second": 2000, "videos": 100_000}


def row(folder: Path, videos: int, users: int, dimension: int) -> dict[str, Any]:
    """One size: the world is made in a process of its own, the lists in another."""
    place = folder / f"{videos}-{users}"
    steps = ("lists",) if place.exists() else ("make", "lists")
    for step in steps:
        words = [str(place), str(videos), str(users), str(dimension)]
        command = [sys.executable, "-m", "bench.scale_lists", "--step", step, *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(found, file=sys.stderr, flush=True)
    return found


def _make(place: Path, videos: int, users: int, dimension: int) -> None:
    workspace(place, videos, users, dimension, 0).close()


def _lists(place: Path, videos: int, users: int, dimension: int) -> None:
    work = Workspace.open(place)
    out = place / "lists.parquet"
    out.unlink(missing_ok=True)
    start = time.perf_counter()
    told = work.recommend_all(out, 10, at=AT, shard_size=5_000)
    seconds = time.perf_counter() - start
    table = pl.scan_parquet(out)
    lengths = table.group_by("user_id").len().select(pl.col("len").min()).collect().item()
    print(
        json.dumps(
            {
                "videos": videos,
                "dimension": dimension,
                "users": users,
                "lists": told["lists"],
                "shortest": lengths,
                **told["made_now"],
                "seconds": round(seconds, 1),
                "lists_per_second": round(told["lists"] / seconds, 1),
                "command_mb": _mb(resource.RUSAGE_SELF),
                "largest_worker_mb": _mb(resource.RUSAGE_CHILDREN),
                "load_average": round(os.getloadavg()[0], 2),
            }
        )
    )


def _mb(who: int) -> float:
    return round(resource.getrusage(who).ru_maxrss / 1024, 0)


def main() -> None:
    """Every size, one after the other."""
    given = _parser().parse_args()
    if given.step:
        place, *sizes = given.sizes
        step = _make if given.step == "make" else _lists
        step(Path(place), *(int(size) for size in sizes))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = given.work or Path(name)
        if given.prepare:
            for users in given.users:
                _make(folder / f"{given.videos}-{users}", given.videos, users, given.dimension)
            return
        rows = [row(folder, given.videos, users, given.dimension) for users in given.users]
    tell({**made_by("bench.scale_lists"), "goal": GOAL, "rows": rows}, given.out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*")
    parser.add_argument("--step", choices=("make", "lists"))
    parser.add_argument("--videos", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--users", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--work", type=Path, help="a folder where workspaces are kept")
    parser.add_argument("--prepare", action="store_true", help="only make what --work keeps")
    parser.add_argument("--out", type=Path)
    return parser


if __name__ == "__main__":
    main()
