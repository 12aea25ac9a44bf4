"""What every adapter shares: a split in, ranked lists out. NumPy alone, so any peer can use it.

An adapter is a script that calls `serve(train)`. It is run in the peer's own environment as
`python NAME.py --split DIR --users FILE --out FILE.npz --settings '{...}' --seed 0
--budget-seconds N [--checkpoint DIR]`; the last line that it prints is one JSON object.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Lists = NDArray[np.int32]
Floats = NDArray[np.float64]

DEPTH = 100
"""Places in every list; lists that hold less are filled with -1."""
NO_TIME = -1


@dataclass(frozen=True)
class Split:
    """The training rows of one split. Users and items are dense codes from 0."""

    directory: Path
    about: dict[str, Any]
    user: Ints
    item: Ints
    time: Ints
    """(rows,) seconds; NO_TIME where the file has none."""
    value: Floats
    """(rows,) weight; 1 where the feedback is implicit."""

    @property
    def n_users(self) -> int:
        return int(self.about["users"])

    @property
    def n_items(self) -> int:
        return int(self.about["items"])

    @property
    def cold(self) -> Ints:
        """Items that no training row may hold; empty where the protocol has none."""
        return np.asarray(self.about.get("cold_items", []), dtype=np.int64)

    @property
    def has_cold(self) -> bool:
        return "cold" in self.about.get("groups", ["all"])

    def seen(self) -> list[Ints]:
        """Per user the items of the training rows, which no list may repeat."""
        order = np.argsort(self.user, kind="stable")
        ends = np.cumsum(np.bincount(self.user, minlength=self.n_users))
        if self.about.get("repeats"):
            return [np.empty(0, dtype=np.int64)] * self.n_users
        return np.split(self.item[order], ends[:-1])


@dataclass(frozen=True)
class Job:
    """One call of an adapter."""

    split: Split
    users: Ints
    """(u,) whom to rank for."""
    asked_at: Ints | None
    """(u,) when each list is asked for, in seconds; None unless the runner hands it over."""
    out: Path
    settings: dict[str, Any]
    seed: int
    budget_seconds: float
    checkpoint: Path | None


@dataclass(frozen=True)
class Trained:
    """A fitted peer: what it is, and how it ranks."""

    system: str
    version: str
    rank: Callable[[], Ranked]
    epochs: int | None = None
    notes: str = ""
    earlier: dict[str, float] = field(default_factory=dict)
    """Seconds and memory of earlier attempts that this one resumed."""


@dataclass(frozen=True)
class Ranked:
    """(u, DEPTH) item codes, best first; `cold` ranks the cold items alone."""

    all: Lists
    cold: Lists | None = None


def read_split(directory: Path) -> Split:
    """The split's training rows in the order of the file; rows of the test are never kept."""
    about = json.loads((directory / "about.json").read_text(encoding="utf-8"))
    columns: tuple[list[int], list[int], list[int], list[float]] = ([], [], [], [])
    with (directory / "split.tsv").open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines, delimiter="\t")
        next(rows)
        for user, item, when, value, part in rows:
            if part == "train":
                columns[0].append(int(user))
                columns[1].append(int(item))
                columns[2].append(int(when) if when else NO_TIME)
                columns[3].append(float(value))
    user_codes, item_codes, times = (np.array(column, dtype=np.int64) for column in columns[:3])
    values = np.array(columns[3], dtype=np.float64)
    return Split(directory, about, user_codes, item_codes, times, values)


def read_users(path: Path) -> tuple[Ints, Ints | None]:
    """Whom to rank for, one code a line; a second number on each line says when the list is asked
    for."""
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    users = np.array([int(row[0]) for row in rows], dtype=np.int64)
    if rows and all(len(row) > 1 for row in rows):
        return users, np.array([int(row[1]) for row in rows], dtype=np.int64)
    return users, None


def item_texts(split: Split) -> list[str]:
    """(items,) title and text of every item, in the order of the codes."""
    return [f"{row['title']}\n{row['text']}".strip() for row in item_records(split)]


def item_records(split: Split) -> list[dict[str, Any]]:
    """(items,) the rows of items.jsonl in the order of the codes."""
    lines = (split.directory / "items.jsonl").read_text(encoding="utf-8").splitlines()
    return sorted((json.loads(line) for line in lines), key=lambda row: int(row["item"]))


def text_vectors(split: Split) -> Floats:
    """(items, d) unit rows that `bench/peers/vectors.py` made, found by the items' ids.

    They lie in WORK/vectors/<set>.npz; the runner says where WORK is (VIREO_BENCH_WORK).
    """
    path = Path(os.environ.get("VIREO_BENCH_WORK", ".")) / "vectors" / f"{split.about['set']}.npz"
    command = f"python bench/peers/vectors.py {split.about['set']}--{split.about['protocol']}"
    if not path.is_file():
        raise SystemExit(f"There are no text vectors at {path}. Type: {command}")
    with np.load(path, allow_pickle=False) as held:
        rows = {str(name): row for row, name in enumerate(held["ids"])}
        vectors = np.asarray(held["vectors"], dtype=np.float64)
    found = [rows.get(str(record["id"]), -1) for record in item_records(split)]
    if min(found) < 0:
        raise SystemExit(f"{path} lacks {found.count(-1)} items. Type: {command}")
    return vectors[np.array(found, dtype=np.int64)]


def best(scores: Floats, k: int) -> Lists:
    """The k best places of one row, best first; of equal scores the lower code stands first.

    Places at -inf never appear; -1 fills up.
    """
    if np.isnan(scores).any():
        raise SystemExit(f"{int(np.isnan(scores).sum())} scores are not numbers")
    found = np.flatnonzero(scores > -np.inf)
    if len(found) > k:
        edge = np.partition(scores[found], len(found) - k)[len(found) - k]
        found = found[scores[found] >= edge]
    found = found[np.argsort(-scores[found], kind="stable")][:k]
    row = np.full(k, -1, dtype=np.int32)
    row[: len(found)] = found
    return row


def rank_scores(
    job: Job,
    score: Callable[[Ints], NDArray[Any]],
    cold: bool = False,
    batch: int = 256,
) -> Ranked:
    """Lists from a function that scores every item for some users: (b,) -> (b, items).

    -inf marks what a peer can't score. With `cold` the cold items are ranked among themselves
    too; without it that group stays empty, as it must for a peer that knows items by id alone.
    """
    seen = job.split.seen()
    lists = np.full((len(job.users), DEPTH), -1, dtype=np.int32)
    cold_lists = np.full_like(lists, -1)
    among_cold = np.full(job.split.n_items, -np.inf)
    among_cold[job.split.cold] = 0.0
    for start in range(0, len(job.users), batch):
        users = job.users[start : start + batch]
        scores = np.array(score(users), dtype=np.float64)
        for place, user in enumerate(users):
            scores[place, seen[user]] = -np.inf
            lists[start + place] = best(scores[place], DEPTH)
            if cold:
                cold_lists[start + place] = best(scores[place] + among_cold, DEPTH)
    return Ranked(lists, cold_lists if job.split.has_cold else None)


def without_cold(job: Job, scores: NDArray[Any]) -> NDArray[Any]:
    """The scores with what no training row holds at -inf: ids alone know nothing of it."""
    unknown = np.bincount(job.split.item, minlength=job.split.n_items) == 0
    return np.where(unknown[None, :], -np.inf, scores)


def tidy(job: Job, items: NDArray[Any], valid: NDArray[np.bool_]) -> Lists:
    """(u, k) codes of a library's own lists -> the contract's: only what is valid, no item that
    training never held, the gaps closed, -1 at the end."""
    known = np.bincount(job.split.item, minlength=job.split.n_items) > 0
    codes = np.asarray(items, dtype=np.int64)
    good = valid & (codes >= 0) & known[np.clip(codes, 0, job.split.n_items - 1)]
    order = np.argsort(~good, axis=1, kind="stable")[:, :DEPTH]
    kept = np.where(np.take_along_axis(good, order, 1), np.take_along_axis(codes, order, 1), -1)
    lists = np.full((len(codes), DEPTH), -1, dtype=np.int32)
    lists[:, : kept.shape[1]] = kept
    return lists


def lists_of(job: Job, users: NDArray[Any], items: NDArray[Any], ranks: NDArray[Any]) -> Lists:
    """A table of one row per place (user, item, rank from 1) -> the contract's lists."""
    lists = np.full((len(job.users), DEPTH), -1, dtype=np.int32)
    row_of = np.zeros(job.split.n_users, dtype=np.int64)
    row_of[job.users] = np.arange(len(job.users))
    lists[row_of[users.astype(np.int64)], ranks.astype(np.int64) - 1] = items
    return lists


def serve(train: Callable[[Job], Trained], arguments: Sequence[str] | None = None) -> None:
    """Run one adapter: train, rank, write the lists, print one line of JSON."""
    job = _job(arguments)
    wall, cpu = time.perf_counter(), time.process_time()
    trained = train(job)
    train_wall, train_cpu = time.perf_counter() - wall, time.process_time() - cpu
    wall = time.perf_counter()
    ranked = trained.rank()
    recommend = time.perf_counter() - wall
    write_lists(job, ranked)
    earlier = trained.earlier
    report = {
        "system": trained.system,
        "version": trained.version,
        "train_seconds": round(train_wall + earlier.get("train_seconds", 0.0), 3),
        "train_cpu_seconds": round(train_cpu + earlier.get("train_cpu_seconds", 0.0), 3),
        "recommend_seconds": round(recommend, 3),
        "users": len(job.users),
        "epochs": trained.epochs,
        "peak_rss_mb": round(max(_peak_mb(), earlier.get("peak_rss_mb", 0.0)), 1),
        "notes": trained.notes,
    }
    sys.stdout.write(json.dumps(report) + "\n")


def write_lists(job: Job, ranked: Ranked) -> None:
    """The .npz of the contract: `users`, `all`, and `cold` where the split has that group."""
    arrays = {"users": job.users.astype(np.int32), "all": ranked.all}
    if job.split.has_cold:
        arrays["cold"] = np.full_like(ranked.all, -1) if ranked.cold is None else ranked.cold
    np.savez_compressed(job.out, **arrays)


def progress(text: str) -> None:
    """A line for whoever watches the log."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def _job(arguments: Sequence[str] | None) -> Job:
    parser = argparse.ArgumentParser(description="One peer on one split.")
    parser.add_argument("--split", type=Path, required=True)
    parser.add_argument("--users", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--settings", type=json.loads, default={})
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget-seconds", type=float, default=600.0)
    parser.add_argument("--checkpoint", type=Path)
    given = parser.parse_args(arguments)
    users, asked_at = read_users(given.users)
    return Job(
        read_split(given.split),
        users,
        asked_at,
        given.out,
        given.settings,
        given.seed,
        given.budget_seconds,
        given.checkpoint,
    )
