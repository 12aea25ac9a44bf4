"""Interactions -> which rows are hidden: the protocols. Nothing here depends on a system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from bench.base import NO_TIME, Interactions
from vireo.arrays import Bools, Ints
from vireo.errors import InputError

SEED = 0
SHARE = 0.2
"""Share of a user's rows (random), of the items (cold-items) or of all rows (time) in the test."""


@dataclass(frozen=True)
class Parts:
    """Which rows are learnt from and which are hidden; rows in neither are left out."""

    train: Bools
    """(n,)"""
    test: Bools
    """(n,)"""
    cold_items: tuple[int, ...] = ()
    """Items that no train row holds, on purpose."""
    asked: Mapping[int, int] = field(default_factory=dict)
    """User -> the second in which the list is asked for, where that is known."""


def leave_one_out(data: Interactions) -> Parts:
    """The last row of every user with two rows or more is hidden; the others only train.

    The list is asked for at the hidden row's own time, if the times are the original ones.
    """
    counts = np.bincount(data.users, minlength=len(data.user_ids))
    last = data.last_rows
    hidden = last[counts[data.users[last]] >= 2]
    test = _marked(data, hidden)
    timed = data.exact_times and bool((data.times[hidden] != NO_TIME).all())
    asked = dict(zip(data.users[hidden].tolist(), data.times[hidden].tolist(), strict=True))
    return Parts(~test, test, asked=asked if timed else {})


def time(data: Interactions) -> Parts:
    """Rows after the moment before which 80% of all rows lie are hidden, of users known before.

    A hidden item that the user had met before does not count, since what was seen is masked.
    """
    if (data.times == NO_TIME).any():
        raise InputError("Some rows have no time: they cannot be split by it.", "")
    cutoff = int(np.sort(data.times)[int((1 - SHARE) * (len(data.times) - 1))])
    train = data.times <= cutoff
    known = np.bincount(data.users[train], minlength=len(data.user_ids)) > 0
    test = ~train & known[data.users] & ~_met(data, train)
    return Parts(train, test, asked=dict.fromkeys(np.unique(data.users[test]).tolist(), cutoff + 1))


def random(data: Interactions) -> Parts:
    """A fifth of the rows of every user with two or more (at least one) is hidden, at random."""
    rng = np.random.default_rng(SEED)
    order = rng.permutation(len(data.users))
    order = order[np.argsort(data.users[order], kind="stable")]
    counts = np.bincount(data.users, minlength=len(data.user_ids))
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    place = np.arange(len(order)) - starts[data.users[order]]
    hidden = np.where(counts >= 2, np.maximum(1, np.round(SHARE * counts)), 0)
    test = _marked(data, order[place < hidden[data.users[order]]])
    return Parts(~test, test & ~_met(data, ~test))


def cold_items(data: Interactions) -> Parts:
    """A fifth of the items, at random, leaves the training wholly.

    Of every user the last row with a warm item is hidden (the warm target; only where another
    warm row remains) and the last row with a cold item (the cold target). Other cold rows are
    left out.
    """
    items = len(data.catalogue)
    rng = np.random.default_rng(SEED)
    cold = np.sort(rng.permutation(items)[: round(SHARE * items)])
    is_cold = np.isin(data.items, cold)
    warm_rows = np.bincount(data.users[~is_cold], minlength=len(data.user_ids))
    warm_last = _last(data, ~is_cold)
    warm_last = warm_last[warm_rows[data.users[warm_last]] >= 2]
    cold_last = _last(data, is_cold)
    cold_last = cold_last[warm_rows[data.users[cold_last]] >= 1]
    warm_test = _marked(data, warm_last)
    test = warm_test | _marked(data, cold_last)
    return Parts(~is_cold & ~warm_test, test, tuple(cold.tolist()))


def related(data: Interactions) -> Parts:
    """Item to item: each item is known to have met itself; all other rows are labels."""
    itself = np.asarray(data.users == data.items)
    return Parts(itself, ~itself)


PROTOCOLS: Mapping[str, Callable[[Interactions], Parts]] = {
    "leave-one-out": leave_one_out,
    "time": time,
    "random": random,
    "cold-items": cold_items,
    "related": related,
}


def _marked(data: Interactions, rows: Ints) -> Bools:
    marks = np.zeros(len(data.users), dtype=np.bool_)
    marks[rows] = True
    return marks


def _met(data: Interactions, train: Bools) -> Bools:
    """Rows whose user has the item in a train row, or in an earlier row outside of it. (n,)"""
    pairs = data.users * len(data.catalogue) + data.items
    again = np.ones(len(pairs), dtype=np.bool_)
    rest = np.flatnonzero(~train)
    _, first = np.unique(pairs[rest], return_index=True)
    again[rest[first]] = False
    return np.asarray(again | np.isin(pairs, pairs[train]))


def _last(data: Interactions, among: Bools) -> Ints:
    """The last row of every user among the marked ones."""
    rows = np.flatnonzero(among)
    users = data.users[rows]
    return np.asarray(rows[np.append(np.diff(users) != 0, True)[: len(rows)]])
