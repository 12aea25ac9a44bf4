"""Inference of the trained sequence network: ONNX Runtime against torch.

    python -m bench.sequence_inference --data DIR --out bench/results/sequence_inference.json

Networks are trained on MovieLens-1M for one epoch (speed does not depend on quality) and measured
with its 3,706 items and with 100,000, each implementation in a process of its own. Times are
processor milliseconds on one thread: of one user with a history of 5, 50 or 200 events, and of
blocks of users with MovieLens histories. Memory and load time count from a loaded expert. Rows of
an implementation that was removed (NumPy) stay in the file as they were measured.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from bench.base import Interactions
from bench.datasets import movielens
from bench.write_result import made_by, tell
from vireo.arrays import Floats
from vireo.artifacts.files import read_json
from vireo.behavior.base import NO_TIME, Histories
from vireo.engine.base import Context, EngineSection
from vireo.engine.progress import NullProgress
from vireo.engine.serial import Serial
from vireo.interest.base import InterestSection, SequenceSection, Training
from vireo.interest.sequence.expert import Sequence as SequenceExpert
from vireo.interest.sequence.onnx_inference import HistoryEncoder
from vireo.interest.sequence.windows import PositiveEvents

IMPLEMENTATIONS = ("onnx", "torch")
SIZES = ("small", "medium")
CATALOGUES = (3706, 100_000)
LENGTHS = (5, 50, 200)
BLOCKS = (64, 256, 512)
RUNS, BLOCK_RUNS = 2000, 15
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
States = Callable[[Sequence[PositiveEvents], Sequence[int]], Floats]


def main() -> None:
    """Train, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--measure", nargs=2, metavar=("DIR", "IMPLEMENTATION"))
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measured(Path(given.measure[0]), given.measure[1])))
        return
    rows = removed_rows(given.out)
    with TemporaryDirectory() as folder:
        training = training_of(movielens.read(given.data))
        for size in SIZES:
            trained = fitted(training, size, Path(folder))
            for n_videos in CATALOGUES:
                directory = Path(folder) / f"{size}-{n_videos}"
                write(directory, enlarged(trained, n_videos), training.histories)
                about = {"size": size, "videos": n_videos}
                rows += [about | row for row in compared(directory)]
    about = {**made_by("bench.sequence_inference"), "load_average": os.getloadavg()[0]}
    tell({**about, "rows": rows}, given.out)


def removed_rows(out: Path | None) -> list[dict[str, Any]]:
    """The file's rows of implementations that this bench no longer runs."""
    known: dict[str, Any] = (read_json(out) if out else None) or {"rows": []}
    return [row for row in known["rows"] if row["implementation"] not in IMPLEMENTATIONS]


def training_of(data: Interactions) -> Training:
    """All ratings as positive events; no content."""
    counts = np.bincount(data.users, minlength=len(data.user_ids))
    n_videos = len(data.catalogue)
    times = np.where(data.times == NO_TIME, NO_TIME, data.times * 1000)
    histories = Histories(
        user_ids=data.user_ids,
        n_videos=n_videos,
        offsets=np.cumsum([0, *counts]).astype(np.int64),
        videos=data.items,
        weights=np.ones(len(data.items), dtype=np.float32),
        times=times,
        sessions=data.users,
    )
    no_content = np.zeros((n_videos, 0), dtype=np.float32)
    unknown = np.full(n_videos, NO_TIME, dtype=np.int64)
    return Training(histories, no_content, np.zeros(n_videos, dtype=np.bool_), unknown)


def fitted(training: Training, size: str, folder: Path) -> SequenceExpert:
    """One epoch."""
    settings = SequenceSection.model_validate({"size": size, "epochs": 1})
    context = Context(Serial(EngineSection()), folder, NullProgress(), seed=0)
    return SequenceExpert.fit(training, InterestSection(sequence=settings), context)


def enlarged(expert: SequenceExpert, n_videos: int) -> SequenceExpert:
    """With as many more items, of random embeddings."""
    rng = np.random.default_rng(0)
    table, biases = expert.arrays["item_embedding.weight"], expert.arrays["item_bias"]
    more = n_videos - len(table)
    random = rng.normal(scale=table.std(), size=(more, table.shape[1])).astype(np.float32)
    arrays = {
        **expert.arrays,
        "item_embedding.weight": np.vstack([table, random]),
        "item_bias": np.append(biases, np.full(more, biases.min())),
    }
    norms = np.append(expert.norms, np.linalg.norm(random, axis=1)).astype(np.float32)
    return replace(expert, arrays=arrays, norms=norms)


def write(directory: Path, expert: SequenceExpert, histories: Histories) -> None:
    """The expert and the histories, for the processes that measure."""
    directory.mkdir()
    expert.save(directory)
    arrays = (histories.videos, histories.times, histories.offsets)
    np.savez(directory / "histories.npz", *arrays)


def compared(directory: Path) -> list[dict[str, Any]]:
    """A row per implementation, with its deviation from torch."""
    module = [sys.executable, "-m", "bench.sequence_inference"]
    rows = []
    for name in IMPLEMENTATIONS:
        command = [*module, "--measure", str(directory), name]
        environment = {**os.environ, **_ONE_THREAD}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        rows.append({"implementation": name, **json.loads(done.stdout)})
    vectors = SequenceExpert.load(directory).vectors[:, :-1].T
    scores = {name: np.load(directory / f"{name}.npy") @ vectors for name in IMPLEMENTATIONS}
    largest = np.abs(scores["torch"]).max()
    for row in rows:
        deviation = np.abs(scores[row["implementation"]] - scores["torch"]).max()
        row["largest_deviation_from_torch"] = float(f"{deviation / largest:.1e}")
    return rows


def measured(directory: Path, implementation: str) -> dict[str, Any]:
    """Load time, memory, time of one user and of blocks. In a process of its own."""
    events = events_of(directory)
    longest = max(events, key=lambda one: len(one[0]))
    now = int(longest[1].max()) + 60_000
    expert = SequenceExpert.load(directory)
    memory = resident_mb()
    start = time.process_time()
    states = STATES[implementation](expert)
    states([longest], [now])
    loaded = 1000 * (time.process_time() - start)
    row: dict[str, Any] = {"load_ms": round(loaded, 1), "one_user_ms": {}, "block_ms": {}}
    for length in LENGTHS:
        one = (longest[0][-length:], longest[1][-length:])
        times = timed(lambda one=one: states([one], [now]), RUNS)  # type: ignore[misc]
        row["one_user_ms"][str(length)] = percentiles(times)
    rng = np.random.default_rng(1)
    for size in BLOCKS:
        block = [events[at] for at in rng.choice(len(events), size, replace=False)]
        times = timed(lambda block=block: states(block, [now] * len(block)), BLOCK_RUNS)  # type: ignore[misc]
        row["block_ms"][str(size)] = round(float(np.median(times)), 1)
    row["memory_mb"] = round(resident_mb() - memory, 1)
    np.save(directory / f"{implementation}.npy", states(events[:512], [now] * 512))
    return row


def events_of(directory: Path) -> list[PositiveEvents]:
    """Videos and times of every user."""
    with np.load(directory / "histories.npz") as file:
        videos, times, offsets = (file[name] for name in file.files)
    return list(zip(np.split(videos, offsets[1:-1]), np.split(times, offsets[1:-1]), strict=True))


def timed(call: Callable[[], object], runs: int) -> list[float]:
    """Processor milliseconds of each run, after a warm-up."""
    for _ in range(max(2, runs // 50)):
        call()
    found = []
    for _ in range(runs):
        start = time.process_time_ns()
        call()
        found.append((time.process_time_ns() - start) / 1e6)
    return found


def percentiles(times: list[float]) -> dict[str, float]:
    p50, p99 = np.percentile(times, (50, 99))
    return {"p50": round(float(p50), 3), "p99": round(float(p99), 3)}


def resident_mb() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def by_onnx(expert: SequenceExpert) -> States:
    """As served: `HistoryEncoder`."""
    settings, table = expert.settings, expert.arrays["item_embedding.weight"]
    return HistoryEncoder(expert.graph, table, settings.max_length, settings.time_aware).states


def by_torch(expert: SequenceExpert) -> States:
    """The network in training, as its validation runs it."""
    from vireo.interest.sequence.build_network import build_sequence_network, tensors
    from vireo.interest.sequence.validation import torch_states

    network = build_sequence_network(expert.settings, len(expert.norms))
    network.load_state_dict(tensors(expert.arrays))
    network.eval()
    return lambda events, times: torch_states(network, events, times, expert.settings)


STATES: dict[str, Callable[[SequenceExpert], States]] = {
    "onnx": by_onnx,
    "torch": by_torch,
}

if __name__ == "__main__":
    main()
