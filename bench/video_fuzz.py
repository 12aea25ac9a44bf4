"""Damaged copies of real files: bits flipped, ends cut off, pieces swapped; seeds fixed.

    python -m bench.video_fuzz --data ../shared/data --out bench/results/video_fuzz.json

Every copy must give a row or a row that says why not: no crash, no hang over the time limit. The
memory of the workers is watched over the copies, since a leak shows as growth.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from bench.memory_monitor import watched
from bench.write_result import made_by, tell
from vireo.engine import EngineSection
from vireo.engine.processes import Processes
from vireo.video.extract import ExtractionTask
from vireo.video.extraction import ExtractionJob
from vireo.video.sampling import SamplingPlan

LARGEST = 2_000_000
"""Bytes: larger files are left out, so that the time goes into more copies."""


def damaged(raw: bytes, seed: int) -> bytes:
    """The file with one of four kinds of damage."""
    random = np.random.default_rng(seed)
    data = bytearray(raw)
    kind = seed % 4
    if kind == 0:  # flipped bits, anywhere
        for place in random.integers(0, len(data), random.integers(1, 200)).tolist():
            data[place] ^= 1 << int(random.integers(8))
    elif kind == 1:  # cut off
        del data[int(random.integers(1, len(data))) :]
    elif kind == 2:  # two pieces have changed places
        size = int(random.integers(1, max(len(data) // 4, 2)))
        first = int(random.integers(0, max(len(data) - 2 * size, 1)))
        second = int(random.integers(first + size, max(len(data) - size, first + size) + 1))
        piece = data[first : first + size]
        data[first : first + size] = data[second : second + size]
        data[second : second + size] = piece
    else:  # the header: flipped bytes in the first and the last kilobyte
        for place in random.integers(0, min(len(data), 1024), 8).tolist():
            data[place] = int(random.integers(256))
            data[-1 - place] = int(random.integers(256))
    return bytes(data)


def sources(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    kinds = (".json", ".txt", ".onnx", ".srt", ".vtt", ".md")
    fit = [path for path in files if path.stat().st_size <= LARGEST]
    return [path for path in fit if path.suffix not in kinds]


def fuzz(folder: Path, copies: int, work: Path, timeout: float) -> dict[str, Any]:
    """Counts of what became of the copies; `not accounted for` must be empty."""
    found = sources(folder)
    random = np.random.default_rng(0)
    jobs, kinds = [], []
    for seed in range(copies):
        source = found[int(random.integers(len(found)))]
        path = work / f"{seed:04d}{source.suffix}"
        path.write_bytes(damaged(source.read_bytes(), seed))
        jobs.append(ExtractionJob(f"{seed:04d}", str(path), None))
        kinds.append(f"{source.name} seed {seed}")
    engine = Processes(EngineSection(workers=2))
    extract = ExtractionTask(work / "shelf", SamplingPlan(8, 96, crops=0), 2000)
    start, seconds = time.monotonic(), 0.0
    outcomes, bad = Counter[str](), []
    with watched() as memory:
        for outcome in engine.map(extract, jobs, timeout=timeout):
            outcomes[outcome.value or outcome.kind] += 1
            if outcome.kind != "done":
                bad.append(f"{kinds[outcome.index]}: {outcome.kind}: {outcome.error}")
    seconds = time.monotonic() - start
    return {
        "copies": copies,
        "sources": len(found),
        "outcomes": dict(sorted(outcomes.items())),
        "not accounted for": bad,
        "seconds": round(seconds, 1),
        **memory,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("bench/results/video_fuzz.json"))
    parser.add_argument("--copies", type=int, default=500)
    parser.add_argument("--timeout", type=float, default=20.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clips = options.data / "clips"
        figures = fuzz(clips, options.copies, Path(folder), options.timeout)
    tell({**made_by("bench.video_fuzz"), "figures": figures}, options.out)


if __name__ == "__main__":
    main()
