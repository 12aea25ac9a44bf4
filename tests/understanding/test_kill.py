"""kill -9 of a build of understanding at random moments ends with equal bytes."""

from __future__ import annotations

import csv
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.language.world import tiny_model

VIDEOS = 24
KILLS = 3
_WORDS = ("boat", "harbour", "wind", "bread", "oven", "flour", "comet", "telescope", "garden")


def world(folder: Path) -> Path:
    """A table of long dialogues: about five blocks of texts, each of which a kill may lose."""
    drawn = random.Random(0)
    path = folder / "videos.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["video_id", "title", "description", "transcript"])
        for n in range(VIDEOS):
            own = drawn.sample(_WORDS, 3)
            told = [f"We speak of the {drawn.choice(own)}, part {i}." for i in range(3000)]
            writer.writerow([f"v{n}", f"On the {own[0]}", f"{own[1]} {own[2]}.", " ".join(told)])
    return path


def vireo(*words: str) -> list[str]:
    return [sys.executable, "-m", "vireo", *words]


def workspace(folder: Path, model: Path, videos: Path) -> Path:
    done = subprocess.run(vireo("new", str(folder)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    settings = f'[language]\nmodel = "hub"\npath = {json.dumps(str(model))}\nruntime = "torch"\n'
    settings += '[pretraining]\nobjective = "none"\n[engine]\nname = "serial"\n'
    (folder / "vireo.toml").write_text(settings, encoding="utf-8")
    words = ("ingest", "-w", str(folder), "--videos", str(videos))
    done = subprocess.run(vireo(*words), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def build(folder: Path) -> subprocess.Popen[str]:
    command = vireo("build", "understanding", "-w", str(folder))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )


def finished(running: subprocess.Popen[str]) -> None:
    told, _ = running.communicate()
    assert running.returncode == 0, told


def read_so_far(folder: Path) -> int:
    """Texts whose vectors are in the cache."""
    path = folder / "cache" / "vectors.sqlite"
    if not path.is_file():
        return 0
    connection = sqlite3.connect(path, timeout=60)
    try:
        return int(connection.execute("SELECT count(*) FROM vectors").fetchone()[0])
    except sqlite3.OperationalError:  # the table is not there yet
        return 0
    finally:
        connection.close()


def understood(folder: Path) -> list[Path]:
    return list((folder / "artifacts" / "understanding").glob("*/records.jsonl"))


def killed_once_more_was_read(folder: Path, pause: float) -> bool:
    """Kill the build `pause` seconds after it put another block into the cache.

    Whether it was killed; it may have come to its end before.
    """
    known, running = read_so_far(folder), build(folder)
    while running.poll() is None and read_so_far(folder) <= known:
        time.sleep(0.005)
    time.sleep(pause)
    running.kill()
    running.communicate()
    return running.returncode < 0


@pytest.mark.slow
def test_a_killed_build_goes_on_and_ends_with_the_same_records(tmp_path: Path) -> None:
    model, videos = tiny_model(tmp_path / "model"), world(tmp_path)
    whole = workspace(tmp_path / "whole", model, videos)
    finished(build(whole))
    torn = workspace(tmp_path / "torn", model, videos)
    drawn = random.Random(1)
    counts = []
    for _ in range(KILLS):
        assert killed_once_more_was_read(torn, drawn.uniform(0, 0.2))
        assert understood(torn) == []  # nothing that is half done is taken for done
        counts.append(read_so_far(torn))
    assert counts == sorted(counts)
    assert counts[0] > 0
    assert len(set(counts)) == KILLS  # each round went on from where the last one was
    finished(build(torn))
    (ours,), (theirs,) = understood(torn), understood(whole)
    assert ours.parent.name == theirs.parent.name
    assert ours.read_bytes() == theirs.read_bytes()
    records = map(json.loads, ours.read_text(encoding="utf-8").splitlines())
    assert [record["video_id"] for record in records] == [f"v{n}" for n in range(VIDEOS)]
    for name in ("about.json", "vectors.safetensors"):
        assert (ours.parent / name).read_bytes() == (theirs.parent / name).read_bytes()
