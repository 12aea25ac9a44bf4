"""The nouns of the bench: Item, Interactions (a data set as read), Split (its files on disk)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from vireo.arrays import Doubles, Ints
from vireo.errors import InputError

NO_TIME = -1
"""Stands for an unknown time."""
LIST_LENGTH = 100
"""Items in every list that a system hands in."""


@dataclass(frozen=True)
class Item:
    """One candidate. `text` is everything that is known of it in words, in one piece."""

    id: str
    title: str = ""
    text: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    dialogue: str = ""

    def row(self, code: int) -> dict[str, Any]:
        """The line of items.jsonl; the parts that `text` was made of only where there are any."""
        row: dict[str, Any] = {"item": code, "id": self.id, "title": self.title, "text": self.text}
        parts = {
            "description": self.description,
            "tags": list(self.tags),
            "dialogue": self.dialogue,
        }
        return row | {name: part for name, part in parts.items() if part}


@dataclass(frozen=True)
class Interactions:
    """A data set: flat arrays (n,), grouped by user in the order of the codes.

    A user's rows stand in the user's true order. Codes count users and items in the order in
    which they first appear in the shipped file.
    """

    users: Ints
    items: Ints
    times: Ints
    """Seconds since 1970 UTC, or NO_TIME."""
    values: Doubles
    user_ids: tuple[str, ...]
    catalogue: tuple[Item, ...]
    exact_times: bool = True
    """False where some times are not the original ones: no system may be asked at a time."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Rows that were left out, by reason."""

    @cached_property
    def last_rows(self) -> Ints:
        """The row of every user's last interaction. (users,)"""
        return np.flatnonzero(np.append(np.diff(self.users) != 0, True)[: len(self.users)])


def interactions(
    frame: pl.DataFrame,
    items: Mapping[str, Item],
    *,
    exact_times: bool = True,
    dropped: Mapping[str, int] | None = None,
) -> Interactions:
    """Rows in the shipped order -> Interactions.

    `frame` holds user, item (strings), time (seconds or null), value and place (any integer that
    rises within a user; ties keep the shipped order). Items without an entry get their id alone.
    """
    coded = frame
    names: dict[str, list[str]] = {}
    for column in ("user", "item"):
        order = frame.select(pl.col(column).unique(maintain_order=True))
        names[column] = order[column].to_list()
        codes = order.with_row_index(f"{column}_code")
        coded = coded.join(codes, on=column, how="left", maintain_order="left")
    coded = coded.sort("user_code", "place", maintain_order=True)
    return Interactions(
        users=coded["user_code"].cast(pl.Int64).to_numpy(),
        items=coded["item_code"].cast(pl.Int64).to_numpy(),
        times=coded["time"].cast(pl.Int64).fill_null(NO_TIME).to_numpy(),
        values=coded["value"].cast(pl.Float64).to_numpy(),
        user_ids=tuple(names["user"]),
        catalogue=tuple(items.get(name, Item(name)) for name in names["item"]),
        exact_times=exact_times,
        dropped=dict(dropped or {}),
    )


@dataclass(frozen=True)
class Split:
    """A split directory: split.tsv, items.jsonl, users.jsonl, about.json (and asked.tsv)."""

    directory: Path

    @cached_property
    def about(self) -> dict[str, Any]:
        """What about.json says; raises InputError where there is no split."""
        path = self.directory / "about.json"
        if not path.is_file():
            raise InputError(
                f"There is no split at {self.directory}.",
                f"Type: python -m bench prepare {self.directory.name}",
            )
        about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return about

    @property
    def name(self) -> str:
        return f"{self.about['set']}--{self.about['protocol']}"

    @property
    def n_items(self) -> int:
        return int(self.about["items"])

    @cached_property
    def rows(self) -> pl.DataFrame:
        """user, item, time, value, part."""
        schema = {
            "user": pl.Int64,
            "item": pl.Int64,
            "time": pl.Int64,
            "value": pl.Float64,
            "part": pl.String,
        }
        return pl.read_csv(self.directory / "split.tsv", separator="\t", schema=schema)

    @cached_property
    def test_users(self) -> Ints:
        """Codes of the users to rank for, rising."""
        users: Ints = self.rows.filter(part="test")["user"].unique().sort().to_numpy()
        return users

    @cached_property
    def asked(self) -> dict[int, int]:
        """User -> the second in which the list is asked for; empty where that is not known."""
        path = self.directory / "asked.tsv"
        if not path.is_file():
            return {}
        return dict(pl.read_csv(path, separator="\t").iter_rows())

    def items_of(self, part: str, among: Sequence[int] | None = None) -> dict[int, Ints]:
        """User -> items of the train or test rows, in their order; only those among some items."""
        rows = self.rows.filter(part=part)
        if among is not None:
            rows = rows.filter(pl.col("item").is_in(list(among)))
        grouped = rows.group_by("user", maintain_order=True).agg("item")
        return {user: np.array(items, dtype=np.int64) for user, items in grouped.iter_rows()}
