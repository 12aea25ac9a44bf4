"""Ray against processes, and nodes that die: python -m bench.scale_ray --out FILE

Two Ray nodes of one processor each on this machine, and the processes engine with two workers, read
the same clips, in turns, each time without anything cached; the encoder is trained before. Artefact
ids and the hash of every file are compared. Then rounds in which one node gets SIGKILL at a random
moment of a run: the run must end with every video accounted for once, and give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import polars as pl

from bench.nodes import Nodes, nodes, ray_processes
from bench.video_clips import draw
from bench.write_result import made_by, tell
from vireo.config import Config
from vireo.workspace import Workspace

DRAWN = 40
SECONDS = 4.0
WITHIN = 0.15
PROCESSES: dict[str, object] = {"name": "processes", "workers": 2}
Found = dict[str, Any]


def clips(folder: Path, count: int) -> Path:
    """`count` clips of other bytes each, DRAWN of other pictures; the table that names them.

    A copy becomes another file by a box of type `free` at its end, which readers skip.
    """
    folder.mkdir(parents=True, exist_ok=True)
    some = [draw(folder / f"drawn{n}.mp4", SECONDS, n) for n in range(min(DRAWN, count))]
    bodies = [path.read_bytes() for path in some]
    names = []
    for number in range(count):
        mark = f"{number:08}".encode()
        path = folder / f"clip{number:05}.mp4"
        box = struct.pack(">I4s", 8 + len(mark), b"free") + mark
        path.write_bytes(bodies[number % len(bodies)] + box)
        names.append(path.name)
    table = folder / "videos.csv"
    ids = [f"v{number:05}" for number in range(count)]
    pl.DataFrame({"video_id": ids, "title": ids, "path": names}).write_csv(table)
    return table


def prepared(folder: Path, table: Path) -> Path:
    """A workspace with the clips ingested and the encoder trained, and nothing read."""
    work = Workspace.create(folder, config=_config(PROCESSES))
    work.ingest(videos=table)
    work.build(until="video")
    work.close()
    shutil.rmtree(folder / "cache" / "video")
    shutil.rmtree(folder / "cache" / "video-vectors")
    shutil.rmtree(folder / "artifacts" / "video")
    return folder


def run(template: Path, engine: dict[str, object], place: Path) -> tuple[float, Found, Path]:
    """Seconds of the video stage from nothing, its id and hashes, and where it lies."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(template, place)
    work = Workspace(place, _config(engine))
    start = time.perf_counter()
    *_, result = work.build(until="video")
    seconds = time.perf_counter() - start
    work.close()
    files = {name: entry["sha256"] for name, entry in result.manifest.files.items()}
    return seconds, {"id": result.id, "files": files}, result.manifest.directory


def times(template: Path, rounds: int, place: Path) -> dict[str, Any]:
    """The two engines in turns; the cluster runs already, as clusters do."""
    seconds: dict[str, list[float]] = {"processes": [], "ray": []}
    found: list[Found] = []
    with nodes() as two:
        for _ in range(rounds):
            for name, engine in (("processes", PROCESSES), ("ray", _ray(two))):
                took, made, _ = run(template, engine, place)
                seconds[name].append(round(took, 2))
                found.append(made)
                print(name, round(took, 2), file=sys.stderr, flush=True)
    ratio = median(seconds["ray"]) / median(seconds["processes"])
    return {
        "seconds": seconds,
        "ray_against_processes": round(ratio, 3),
        "goal": 1 + WITHIN,
        "identical": all(made == found[0] for made in found),
        "id": found[0]["id"],
    }


def kills(template: Path, rounds: int, count: int, place: Path, seed: int) -> dict[str, Any]:
    """Rounds with a node killed at a random moment of the time that a run takes."""
    rng = np.random.default_rng(seed)
    told: dict[str, Any] = {"rounds": rounds, "ended": 0, "accounted": 0, "identical": 0}
    told["killed_in_mid_run"] = 0
    with nodes() as two:
        usual, expected, _ = run(template, _ray(two), place)
        for _ in range(rounds):
            moment = float(rng.uniform(0.0, usual))
            seconds, found, directory = _killed(template, two, moment, place)
            table = pl.read_parquet(directory / "table.parquet")
            told["ended"] += 1
            once = table.height == count == table["video_id"].n_unique()
            told["accounted"] += once and bool((table["status"] == "ok").all())
            told["identical"] += found == expected
            told["killed_in_mid_run"] += moment < seconds
            print(f"killed after {moment:.1f} of {seconds:.1f} s", file=sys.stderr, flush=True)
            two.add()
    return {**told, "usual_seconds": round(usual, 2)}


def _killed(template: Path, two: Nodes, moment: float, place: Path) -> tuple[float, Found, Path]:
    def kill() -> None:
        time.sleep(moment)
        two.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        return run(template, _ray(two), place)
    finally:
        killer.join()


def _ray(two: Nodes) -> dict[str, object]:
    return {"name": "ray", "address": two.address}


def _config(engine: dict[str, object]) -> Config:
    return Config.of({"pretraining": {"objective": "none"}, "engine": engine})


def main() -> None:
    """What is asked for; a results file that is there keeps what is not."""
    given = _parser().parse_args()
    before = len(ray_processes())
    old = json.loads(given.out.read_text()) if given.out and given.out.exists() else {}
    result: dict[str, Any] = {**old, **made_by("bench.scale_ray")}
    with _folder(given.work) as folder:
        many, few = folder / "many", folder / "few"
        if given.rounds or given.prepare:
            _ready(many, folder / "clips", given.clips)
        if given.kills or given.prepare:
            _ready(few, folder / "some", given.few)
        if given.prepare:
            return
        if given.rounds:
            result["clips"] = given.clips
            result["times"] = times(many, given.rounds, folder / "run")
        if given.kills:
            told = kills(few, given.kills, given.few, folder / "run", given.seed)
            result["kills"] = {**told, "clips": given.few}
    result["ray_processes_left"] = len(ray_processes()) - before
    result["load_average"] = round(os.getloadavg()[0], 2)
    tell(result, given.out)


def _ready(template: Path, clip_folder: Path, count: int) -> None:
    """Prepared, unless it is there already."""
    if not template.exists():
        prepared(template, clips(clip_folder, count))


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.resolve()
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--few", type=int, default=120)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="a folder where clips and workspaces are kept")
    parser.add_argument("--prepare", action="store_true", help="only make what --work keeps")
    parser.add_argument("--out", type=Path)
    return parser


if __name__ == "__main__":
    main()
