"""Events held back from the experts, on which their weights are found: never from the future."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.behavior.base import NO_TIME, Histories

LATEST_SHARE = 0.1
"""By time, the latest share of positives is held out."""

LOT_SHARE = 0.2
"""Without times, a random share of some users' positives is held out."""


@dataclass(frozen=True)
class Holdout:
    """Histories cut short for some users, and their held-out positives."""

    histories: Histories
    rows: Ints
    """(v,) rows of the users, rising."""
    targets: tuple[Ints, ...]
    """Per user of `rows`, in order of time: distinct videos, unseen before the cut."""
    times: Ints | None = None
    """(v,) milliseconds in which each of them asks, or NO_TIME; None: all at `histories.now`."""


def by_time(histories: Histories, users: int, seed: int, repeats: bool = False) -> Holdout:
    """Hold out the events of the latest time, of all users, cold items included.

    At most `users` random users with a history before and a positive after the cut are targets;
    seen videos only with `repeats`. Events without a time stay. Without any times the holdout is
    empty.
    """
    times = histories.times[(histories.weights > 0) & (histories.times != NO_TIME)]
    if not len(times):
        return Holdout(histories, np.zeros(0, dtype=np.int64), ())
    late = histories.times >= np.quantile(times, 1 - LATEST_SHARE)
    return _held(histories, late, users, seed, repeats)


def by_last(histories: Histories, users: int, seed: int, repeats: bool = False) -> Holdout:
    """Hold out the last positive of at most `users` random users, and the events after it.

    The time of each request is that of the positive.
    """
    cuts = histories.offsets[1:].copy()
    positive = np.flatnonzero(histories.weights > 0)
    rows = histories.user_rows[positive]
    is_last = np.append(rows[1:] != rows[:-1], True)[: len(rows)]
    some = rows[is_last]
    some = some[np.random.default_rng(seed).permutation(len(some))]
    last = dict(zip(rows[is_last].tolist(), positive[is_last].tolist(), strict=True))
    chosen = [row for row in some.tolist() if _counts(histories, row, last[row], repeats)][:users]
    cuts[chosen] = [last[row] for row in chosen]
    late = np.arange(len(histories.videos)) >= cuts[histories.user_rows]
    held = _held(histories, late, users, seed, repeats)
    moments = histories.times[[last[row] for row in held.rows.tolist()]]
    return replace(held, times=moments.astype(np.int64))


def random_split(histories: Histories, users: int, seed: int, repeats: bool = False) -> Holdout:
    """Hold out a random fifth of the positives of at most `users` random users.

    For histories without an order: the last row of a table that was sorted by video says nothing.
    """
    rng = np.random.default_rng(seed)
    positive = histories.weights > 0
    counts = np.bincount(histories.user_rows[positive], minlength=len(histories))
    able = np.flatnonzero(counts >= 2)
    chosen = np.zeros(len(histories), dtype=np.bool_)
    chosen[able[rng.permutation(len(able))[:users]]] = True
    late = positive & chosen[histories.user_rows] & (rng.random(len(positive)) < LOT_SHARE)
    return _held(histories, late, users, seed, repeats)


def _counts(histories: Histories, row: int, place: int, repeats: bool) -> bool:
    """Whether the user has an earlier positive, and has not seen this video (or repeats count)."""
    before = slice(histories.offsets[row], place)
    known = histories.videos[place] in histories.videos[before]
    return bool((histories.weights[before] > 0).any()) and (repeats or not known)


def _held(histories: Histories, late: Bools, users: int, seed: int, repeats: bool) -> Holdout:
    rest = only(histories, ~late)
    found: dict[int, Ints] = {}
    asked = np.unique(histories.user_rows[late & (histories.weights > 0)])
    for row in asked[np.random.default_rng(seed).permutation(len(asked))].tolist():
        if len(found) == users:
            break
        own = slice(histories.offsets[row], histories.offsets[row + 1])
        own_late = histories.videos[own][late[own] & (histories.weights[own] > 0)]
        before = rest.row(row)
        targets = _distinct(own_late if repeats else own_late[~np.isin(own_late, before.videos)])
        if len(targets) and len(before.positives):
            found[row] = targets
    rows = np.array(sorted(found), dtype=np.int64)
    return Holdout(rest, rows, tuple(found[row] for row in rows.tolist()))


def _distinct(videos: Ints) -> Ints:
    _, first = np.unique(videos, return_index=True)
    return videos[np.sort(first)]


def only(histories: Histories, keep: Bools) -> Histories:
    """The histories of the kept events."""
    counts = np.bincount(histories.user_rows[keep], minlength=len(histories))
    return replace(
        histories,
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        videos=histories.videos[keep],
        weights=histories.weights[keep],
        times=histories.times[keep],
        sessions=histories.sessions[keep],
    )


def pairs(targets: Sequence[Ints]) -> tuple[Ints, Ints]:
    """(owner, video) of the videos of all users. -> (p,), (p,)"""
    owner = np.repeat(np.arange(len(targets)), [len(part) for part in targets]).astype(np.int64)
    return owner, np.concatenate([*targets, np.zeros(0, dtype=np.int64)]).astype(np.int64)
