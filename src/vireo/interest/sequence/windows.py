"""Histories -> windows of consecutive events, packed into batches of about equal length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vireo.arrays import Ints
from vireo.behavior.base import NO_TIME, Histories


@dataclass(frozen=True)
class Windows:
    """Events of wanted, known videos, user by user, and where the windows of them lie."""

    users: Ints
    """(e,)"""
    videos: Ints
    """(e,) rows of the table."""
    times: Ints
    """(e,) milliseconds, or NO_TIME."""
    starts: Ints
    ends: Ints
    """(w,) a window is the events start..end (excluded); at least two, at most length + 1."""

    @property
    def tokens(self) -> int:
        """Predictions in one pass over everything."""
        return int((self.ends - self.starts - 1).sum())


@dataclass(frozen=True)
class Packed:
    """One batch: what is read, how long after it the next event came, and what that was."""

    videos: Ints
    """(b, l) rows; 0 fills up."""
    gaps: Ints
    """(b, l) milliseconds until the next event; -1: not known."""
    targets: Ints
    """(b, l) rows; -1: nothing to predict."""


def windows_of(histories: Histories, place: Ints, length: int, skip: Ints) -> Windows:
    """Every history cut from its end into windows of `length` predictions.

    `place` (n,) maps catalogue rows to rows of the table, -1 for videos to leave out. `skip` holds
    user rows whose last event is kept for validation and not learnt from.
    """
    kept = np.flatnonzero((histories.weights > 0) & (place[histories.videos] >= 0))
    last = np.searchsorted(histories.user_rows[kept], skip, side="right") - 1
    kept = np.delete(kept, last[histories.user_rows[kept[last]] == skip] if len(kept) else [])
    users, videos = histories.user_rows[kept], place[histories.videos[kept]]
    times = histories.times[kept]
    firsts = np.searchsorted(users, np.arange(len(histories)), side="left")
    lasts = np.searchsorted(users, np.arange(len(histories)), side="right")
    starts: list[int] = []
    ends: list[int] = []
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        end = last
        while end - first > 1:
            start = max(first, end - length - 1)
            starts.append(start)
            ends.append(end)
            end = start + 1  # the first event of a window is the last target of the one before
    asarray = np.array
    return Windows(
        users, videos, times, asarray(starts, dtype=np.int64), asarray(ends, dtype=np.int64)
    )


def batches_of(windows: Windows, tokens: int, rng: np.random.Generator) -> list[Ints]:
    """Windows of like length together, about `tokens` padded cells a batch, in random order."""
    sizes = windows.ends - windows.starts - 1
    order = np.argsort(sizes + 8 * rng.random(len(sizes)), kind="stable")
    batches: list[Ints] = []
    begin, longest = 0, 0
    for at, window in enumerate(order.tolist()):
        longest = max(longest, int(sizes[window]))
        if at > begin and longest * (at - begin + 1) > tokens:
            batches.append(order[begin:at])
            begin, longest = at, int(sizes[window])
    if begin < len(order):
        batches.append(order[begin:])
    return [batches[at] for at in rng.permutation(len(batches)).tolist()]


def packed(windows: Windows, chosen: Ints) -> Packed:
    """The chosen windows side by side, filled up at the right."""
    sizes = windows.ends[chosen] - windows.starts[chosen] - 1
    shape = (len(chosen), int(sizes.max()))
    videos, gaps = np.zeros(shape, dtype=np.int64), np.full(shape, -1, dtype=np.int64)
    targets = np.full(shape, -1, dtype=np.int64)
    for row, (start, size) in enumerate(zip(windows.starts[chosen], sizes, strict=True)):
        videos[row, :size] = windows.videos[start : start + size]
        targets[row, :size] = windows.videos[start + 1 : start + 1 + size]
        gaps[row, :size] = gaps_between(
            windows.times[start : start + size], windows.times[start + 1 : start + 1 + size]
        )
    return Packed(videos, gaps, targets)


def gaps_between(earlier: Ints, later: Ints) -> Ints:
    """Milliseconds between two moments, at least 0; -1 where either is not known."""
    known = (earlier != NO_TIME) & (later != NO_TIME)
    return np.where(known, np.maximum(later - earlier, 0), -1)


def asked(
    histories: Sequence[tuple[Ints, Ints]], moments: Sequence[int], length: int
) -> tuple[Packed, Ints]:
    """(videos, times) per viewer, none empty, and the moment of asking -> a batch without targets
    and (b,) the position of each viewer's last event."""
    ends = np.array([min(len(videos), length) for videos, _ in histories], dtype=np.int64)
    shape = (len(histories), int(ends.max(initial=1)))
    rows, gaps = np.zeros(shape, dtype=np.int64), np.full(shape, -1, dtype=np.int64)
    for row, ((videos, times), moment) in enumerate(zip(histories, moments, strict=True)):
        size = int(ends[row])
        rows[row, :size] = videos[-size:]
        later = np.append(times[-size:][1:], moment)
        gaps[row, :size] = gaps_between(times[-size:], later)
    return Packed(rows, gaps, np.full(shape, -1, dtype=np.int64)), ends - 1
