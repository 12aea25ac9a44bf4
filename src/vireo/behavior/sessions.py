"""Sessions: a new one after a pause, or where the shipped session id changes."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Ints
from vireo.behavior.base import NO_TIME
from vireo.behavior.event_arrays import UNKNOWN


def sessions(user: Ints, time: Ints, session: Ints, gap_minutes: float) -> Ints:
    """(e,) session number of each event, rising from 0 over all users; sorted by user and time.

    Where both neighbors carry a session id, the ids decide; otherwise the pause does. A missing
    time starts no session.
    """
    if not len(user):
        return np.zeros(0, dtype=np.int64)
    last, this = slice(None, -1), slice(1, None)
    timed = (time[last] != NO_TIME) & (time[this] != NO_TIME)
    paused = timed & (time[this] - time[last] > int(gap_minutes * 60_000))
    shipped = (session[last] != UNKNOWN) & (session[this] != UNKNOWN)
    changed = np.where(shipped, session[this] != session[last], paused)
    starts = changed | (user[this] != user[last])
    return np.concatenate([[0], np.cumsum(starts)]).astype(np.int64)
