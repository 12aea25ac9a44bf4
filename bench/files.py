"""Split directories: written once, byte for byte the same from the same data, and read back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bench.base import NO_TIME, Interactions, Split
from bench.splits import Parts
from vireo.artifacts.files import digest_of_file, write_json

HEADER = "user\titem\ttime\tvalue\tpart\n"


def write(
    data: Interactions, parts: Parts, directory: Path, *, set_name: str, protocol: str
) -> Split:
    """Make the split directory, whole or not at all; an older one of that name is replaced."""
    making = directory.with_name(f".{directory.name}.{os.getpid()}")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    rows = _rows(data, parts)
    rows.write_csv(making / "split.tsv", separator="\t")
    _write_lines(making / "items.jsonl", (it.row(at) for at, it in enumerate(data.catalogue)))
    _write_lines(
        making / "users.jsonl", ({"user": at, "id": id_} for at, id_ in enumerate(data.user_ids))
    )
    if parts.asked:
        asked = sorted(parts.asked.items())
        pl.DataFrame(asked, schema=["user", "time"], orient="row").write_csv(
            making / "asked.tsv", separator="\t"
        )
    about = {
        "set": set_name,
        "protocol": protocol,
        "users": len(data.user_ids),
        "items": len(data.catalogue),
        "train_rows": int(parts.train.sum()),
        "test_rows": int(parts.test.sum()),
        "test_users": len(np.unique(data.users[parts.test])),
        "split_sha256": digest_of_file(making / "split.tsv"),
        "items_sha256": digest_of_file(making / "items.jsonl"),
        "groups": ["all", "cold"] if parts.cold_items else ["all"],
        "cold_items": list(parts.cold_items),
        "item_to_item": protocol == "related",
        "dropped": dict(data.dropped)
        | {"in neither part": int((~parts.train & ~parts.test).sum())},
    }
    write_json(making / "about.json", about)
    shutil.rmtree(directory, ignore_errors=True)
    making.rename(directory)
    return Split(directory)


def _rows(data: Interactions, parts: Parts) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "user": data.users,
            "item": data.items,
            "time": data.times,
            "value": data.values,
            "part": np.where(parts.train, "train", "test"),
        }
    )
    known = pl.col("time").replace(NO_TIME, None)
    return frame.with_columns(time=known).filter(parts.train | parts.test)


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def leak_proof_copy(split: Split, directory: Path) -> Split:
    """The split without its test rows, and users.txt: the codes of the users to rank for, one a
    line, followed by the second in which the list is asked for where that is known.

    This is all that a system gets: it cannot look at what it never holds.
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    with (
        (split.directory / "split.tsv").open(encoding="utf-8") as source,
        (directory / "split.tsv").open("w", encoding="utf-8") as copy,
    ):
        copy.write(next(source, HEADER))
        copy.writelines(line for line in source if line.endswith("\ttrain\n"))
    for name in ("items.jsonl", "users.jsonl"):
        shutil.copyfile(split.directory / name, directory / name)
    # figures of the hidden rows are none of a system's business
    write_json(directory / "about.json", split.about | {"test_rows": 0})
    asked = split.asked
    users = "".join(
        f"{user} {asked[user]}\n" if asked else f"{user}\n" for user in split.test_users.tolist()
    )
    (directory / "users.txt").write_text(users, encoding="ascii")
    return Split(directory)
