"""Events held back from the experts, on which their weights are found: never from the future."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vireo.arrays import Bools, Ints
from vireo.behavior.base import NO_TIME, Histories

LATEST_SHARE = 0.1
"""By time, this share of the wanted events, the latest, is held back."""

LOT_SHARE = 0.2
"""Without an order, this share of some users' wanted events, drawn by lot, is held back."""


@dataclass(frozen=True)
class Holdout:
    """Histories cut short for some users, and what each of them wanted next."""

    histories: Histories
    rows: Ints
    """(v,) rows of the users, rising."""
    targets: tuple[Ints, ...]
    """Per user of `rows`, in order of time: distinct videos that they had not met before."""
    times: Ints | None = None
    """(v,) milliseconds in which each of them asks, or NO_TIME; None: all at `histories.now`."""


def by_time(histories: Histories, users: int, seed: int, repeats: bool = False) -> Holdout:
    """All events of the latest time are held back, of everybody: new videos come up as in life.

    At most `users` random users with a history before and a wish after that moment count; videos
    that they had met before only with `repeats`. Events without a time stay. No times: nobody is
    held back.
    """
    wanted = histories.times[(histories.weights > 0) & (histories.times != NO_TIME)]
    if not len(wanted):
        return Holdout(histories, np.zeros(0, dtype=np.int64), ())
    late = histories.times >= np.quantile(wanted, 1 - LATEST_SHARE)
    return _held(histories, late, users, seed, repeats)


def by_last(histories: Histories, users: int, seed: int, repeats: bool = False) -> Holdout:
    """The last wanted video of at most `users` random users, and what follows it.

    Each asks in the moment in which this video was wanted.
    """
    cuts = histories.offsets[1:].copy()
    wanted = np.flatnonzero(histories.weights > 0)
    rows = histories.user_rows[wanted]
    is_last = np.append(rows[1:] != rows[:-1], True)[: len(rows)]
    some = rows[is_last]
    some = some[np.random.default_rng(seed).permutation(len(some))]
    last = dict(zip(rows[is_last].tolist(), wanted[is_last].tolist(), strict=True))
    chosen = [row for row in some.tolist() if _counts(histories, row, last[row], repeats)][:users]
    cuts[chosen] = [last[row] for row in chosen]
    late = np.arange(len(histories.videos)) >= cuts[histories.user_rows]
    held = _held(histories, late, users, seed, repeats)
    moments = histories.times[[last[row] for row in held.rows.tolist()]]
    return replace(held, times=moments.astype(np.int64))


def random_split(histories: Histories, users: int, seed: int, repeats: bool = False) -> Holdout:
    """A fifth of the wanted events of at most `users` random users, drawn by lot.

    For histories without an order: the last row of a table that was sorted by video says nothing.
    """
    rng = np.random.default_rng(seed)
    wanted = histories.weights > 0
    counts = np.bincount(histories.user_rows[wanted], minlength=len(histories))
    able = np.flatnonzero(counts >= 2)
    chosen = np.zeros(len(histories), dtype=np.bool_)
    chosen[able[rng.permutation(len(able))[:users]]] = True
    late = wanted & chosen[histories.user_rows] & (rng.random(len(wanted)) < LOT_SHARE)
    return _held(histories, late, users, seed, repeats)


def _counts(histories: Histories, row: int, place: int, repeats: bool) -> bool:
    """Whether the user wanted something before, and had not met this video, or that is no bar."""
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
        wished = histories.videos[own][late[own] & (histories.weights[own] > 0)]
        before = rest.row(row)
        targets = _distinct(wished if repeats else wished[~np.isin(wished, before.videos)])
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
    """(owner, video) of everybody's videos. -> (p,), (p,)"""
    owner = np.repeat(np.arange(len(targets)), [len(part) for part in targets]).astype(np.int64)
    return owner, np.concatenate([*targets, np.zeros(0, dtype=np.int64)]).astype(np.int64)
