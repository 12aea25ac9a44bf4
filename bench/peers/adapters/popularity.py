"""The most popular items: by the number of users who met them in the training rows."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

LENGTH = 100
BLOCK = 512


def counts(split: dict[str, Any], settings: dict[str, Any]) -> np.ndarray:
    """Distinct users per item. (items,)"""
    return viewers(split["user"], split["item"], split["items"])


def viewers(users: np.ndarray, items: np.ndarray, n_items: int) -> np.ndarray:
    """Distinct users per item. (items,)"""
    pairs = np.unique(users * n_items + items)
    return np.bincount(pairs % n_items, minlength=n_items).astype(np.float64)


def read(directory: Path) -> dict[str, Any]:
    """The training rows as columns, and what about.json says."""
    about = json.loads((directory / "about.json").read_text(encoding="utf-8"))
    lines = (directory / "split.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines if line.endswith("\ttrain")]
    return about | {
        "user": np.array([int(row[0]) for row in rows], dtype=np.int64),
        "item": np.array([int(row[1]) for row in rows], dtype=np.int64),
        "time": np.array([int(row[2] or -1) for row in rows], dtype=np.int64),
    }


def ranked(split: dict[str, Any], users: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The best unseen items of every user, the earlier item first where scores tie. (u, LENGTH)

    Items that nobody met come last, in the order of their codes.
    """
    order = np.argsort(-scores, kind="stable")
    lists = np.full((len(users), LENGTH), -1, dtype=np.int32)
    by_user = np.argsort(split["user"], kind="stable")
    starts = np.searchsorted(split["user"][by_user], np.arange(split["users"] + 1))
    for start in range(0, len(users), BLOCK):
        for row, user in enumerate(users[start : start + BLOCK], start):
            seen = np.zeros(split["items"], dtype=bool)
            seen[split["item"][by_user[starts[user] : starts[user + 1]]]] = True
            best = order[~seen[order]][:LENGTH]
            lists[row, : len(best)] = best
    return lists


def main(system: str, scored: Callable[[dict[str, Any], dict[str, Any]], np.ndarray]) -> None:
    """Read, count, rank, write; the report is the last line printed."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--split", "--users", "--out", "--checkpoint"):
        parser.add_argument(option, type=Path)
    parser.add_argument("--settings", type=json.loads, default={})
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget-seconds", type=float, default=0.0)
    given = parser.parse_args()
    split = read(given.split)
    asked = given.users.read_text(encoding="ascii").splitlines()
    users = np.array([int(line.split()[0]) for line in asked], dtype=np.int64)
    start, cpu = time.perf_counter(), time.process_time()
    scores = scored(split, given.settings)
    trained, trained_cpu = time.perf_counter() - start, time.process_time() - cpu
    start = time.perf_counter()
    groups = {"all": ranked(split, users, scores)}
    if "cold" in split["groups"]:
        hidden = np.ones(split["items"], dtype=bool)
        hidden[split["cold_items"]] = False
        groups["cold"] = np.full_like(groups["all"], -1)  # nobody met them: no opinion
        groups["all"] = without(groups["all"], hidden)
    seconds = time.perf_counter() - start
    np.savez_compressed(given.out, users=users, **groups)
    report = {
        "system": system,
        "version": np.__version__,
        "train_seconds": trained,
        "train_cpu_seconds": trained_cpu,
        "recommend_seconds": seconds,
        "users": len(users),
        "epochs": None,
        "notes": "",
    }
    sys.stdout.write(json.dumps(report) + "\n")


def without(lists: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """The same lists with -1 in the place of items that are not kept (they stand last)."""
    return np.where((lists >= 0) & kept[lists], lists, -1).astype(np.int32)


if __name__ == "__main__":
    main("popularity", counts)
