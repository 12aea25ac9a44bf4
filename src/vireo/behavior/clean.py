"""Removal of impossible events, duplicates and bots, with counts by reason."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vireo.arrays import Bools
from vireo.behavior.base import DAY, NO_TIME, BehaviorSection
from vireo.behavior.event_arrays import UNKNOWN, EventArrays

MAX_REPEATS = 50.0
"""Watch time above this many durations is a logging error."""


def clean(events: EventArrays, section: BehaviorSection) -> tuple[EventArrays, dict[str, int]]:
    """Valid events, and counts of the dropped ones by reason."""
    dropped: dict[str, int] = {}
    for reason, rule in _RULES.items():
        bad = rule(events, section)
        if count := int(np.count_nonzero(bad)):
            dropped[reason] = count
            events = events.filter(~bad)
    return events, dropped


def _duplicate(events: EventArrays, section: BehaviorSection) -> Bools:
    """Repeats within `duplicate_seconds`; without a time, rows equal in every column."""
    window = int(section.duplicate_seconds * 1000)
    order = np.lexsort((events.type, events.video, events.user))  # stable: times stay sorted
    last, this = order[:-1], order[1:]
    equal = np.ones(len(this), dtype=np.bool_)
    for column in (events.user, events.video, events.type):
        equal &= column[this] == column[last]
    timed = (events.time[this] != NO_TIME) & (events.time[last] != NO_TIME)
    bad = np.zeros(len(events), dtype=np.bool_)
    bad[this] = equal & timed & (events.time[this] - events.time[last] <= window)
    timeless = np.flatnonzero(events.time == NO_TIME)
    if len(timeless):
        bad[timeless[_repeated_rows(events, timeless)]] = True
    return bad


def _repeated_rows(events: EventArrays, rows: np.ndarray) -> np.ndarray:
    """Positions among `rows` whose events are equal to an earlier one."""
    codes = (events.user, events.video, events.type, events.session)
    numbers = (events.value, events.watch_seconds)
    table = np.column_stack([column[rows].astype(np.float64) for column in (*codes, *numbers)])
    _, first = np.unique(np.nan_to_num(table, nan=np.inf), axis=0, return_index=True)
    repeated = np.ones(len(rows), dtype=np.bool_)
    repeated[first] = False
    return np.flatnonzero(repeated)


def _bot(events: EventArrays, section: BehaviorSection) -> Bools:
    timed = events.time != NO_TIME
    users, days = events.user[timed], events.time[timed] // DAY
    if not len(users):
        return np.zeros(len(events), dtype=np.bool_)
    # Events are sorted by user and time, so those of one day are adjacent.
    starts = np.flatnonzero(
        np.concatenate([[True], (users[1:] != users[:-1]) | (days[1:] != days[:-1])])
    )
    counts = np.diff(np.append(starts, len(users)))
    bots = users[starts[counts > section.max_events_per_day]]
    return np.isin(events.user, bots)


_RULES: dict[str, Callable[[EventArrays, BehaviorSection], Bools]] = {
    "no user": lambda e, _: e.user == UNKNOWN,
    "video not in the catalogue": lambda e, _: e.video == UNKNOWN,
    "watch_seconds is negative or not a number": lambda e, _: (
        (e.watch_seconds < 0) | np.isinf(e.watch_seconds)
    ),
    f"watch_seconds above {MAX_REPEATS:.0f} times the duration": lambda e, _: (
        (e.duration > 0) & (e.watch_seconds > MAX_REPEATS * e.duration)
    ),
    "duplicate": _duplicate,
    "bot (too many events on one day)": _bot,
}
