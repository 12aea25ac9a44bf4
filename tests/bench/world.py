"""Tiny raw data and tiny splits whose right answers are known, and adapters that misbehave."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.base import Interactions, Item, Split
from bench.files import write
from bench.splits import PROTOCOLS
from bench.system_registry import System

NO_TIMES = -1


def data_of(
    users: list[list[int]], times: list[list[int]] | None = None, items: int = 0
) -> Interactions:
    """Items per user in order, with the seconds of each row where they are known."""
    flat = np.array([item for own in users for item in own], dtype=np.int64)
    count = max(items, int(flat.max(initial=-1)) + 1)
    moments = [when for own in times for when in own] if times else [NO_TIMES] * len(flat)
    return Interactions(
        users=np.repeat(np.arange(len(users)), [len(own) for own in users]).astype(np.int64),
        items=flat,
        times=np.array(moments, dtype=np.int64),
        values=np.ones(len(flat)),
        user_ids=tuple(f"u{row}" for row in range(len(users))),
        catalogue=tuple(Item(f"i{row}") for row in range(count)),
    )


def split_of(data: Interactions, protocol: str, place: Path) -> Split:
    """The split directory of some data."""
    parts = PROTOCOLS[protocol](data)
    return write(data, parts, place / f"tiny--{protocol}", set_name="tiny", protocol=protocol)


def many_users(users: int = 40, items: int = 150, each: int = 12, seed: int = 7) -> Interactions:
    """Random histories, enough for lists of full length."""
    rng = np.random.default_rng(seed)
    return data_of([rng.permutation(items)[:each].tolist() for _ in range(users)], items=items)


def script(place: Path, body: str, name: str = "adapter.py") -> System:
    """A system whose adapter is this script; `given`, `users`, `seen`, `about` are at hand."""
    path = place / name
    path.write_text(_HEAD + body, encoding="utf-8")
    return System(
        name=path.stem, adapter=str(path), splits=("*",), source="made up", budget_seconds=60
    )


_HEAD = """
import argparse, json, sys, time
from pathlib import Path
import numpy as np

parser = argparse.ArgumentParser()
for option in ("split", "users", "out", "settings", "seed", "budget-seconds", "checkpoint"):
    parser.add_argument("--" + option)
given = parser.parse_args()
split = Path(given.split)
about = json.loads((split / "about.json").read_text())
rows = [line.split("\\t") for line in (split / "split.tsv").read_text().splitlines()[1:]]
users = [int(line.split()[0]) for line in Path(given.users).read_text().splitlines()]
seen = {}
for user, item, *_ in rows:
    seen.setdefault(int(user), []).append(int(item))


def unseen(user, length=100):
    own = [item for item in range(about["items"]) if item not in seen.get(user, [])][:length]
    return own + [-1] * (length - len(own))


def hand_in(lists, users=users, **more):
    np.savez(given.out, users=np.array(users), all=np.array(lists), **more)
    print("noise before the report")
    print(json.dumps({"version": "1", "train_seconds": 0.5, "recommend_seconds": 0.25}))


"""
