"""Rate limits: a token bucket per caller."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MAX_CALLERS = 100_000
BURST_SECONDS = 10.0
"""Of the pace: what a caller may send at once after a pause."""


class TokenBuckets:
    """`take` says whether the caller may go on, and if not, how long to wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._turn = threading.Lock()

    def take(self, caller: str, per_minute: int) -> float:
        """0 where the request may pass; else the seconds until the next one may."""
        pace = per_minute / 60
        full = max(1.0, pace * BURST_SECONDS)
        with self._turn:
            now = self._clock()
            level, since = self._levels.pop(caller, (full, now))
            level = min(full, level + (now - since) * pace)
            passes = level >= 1
            self._levels[caller] = (level - passes, now)
            while len(self._levels) > MAX_CALLERS:
                self._levels.popitem(last=False)
        return 0.0 if passes else (1 - level) / pace
