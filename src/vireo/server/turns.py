"""Turns: lists are made a few at a time, and only so many wait.

A list is many short steps of one interpreter: two threads take turns at it, and each turn costs
what nobody gains. A long line gains nobody anything either: what waits in it is late.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

from vireo.server.metrics import Metrics
from vireo.server.refusal import Refusal

Made = TypeVar("Made")


class Turns:
    """One line for everything that makes lists."""

    def __init__(self, threads: int, line: int, metrics: Metrics) -> None:
        self._limiter = anyio.CapacityLimiter(threads)
        self._line = line
        self._metrics = metrics

    async def take(self, make: Callable[[], Made]) -> Made:
        """What `make` returns, once it had its turn in a thread; Refusal where too many wait."""
        waiting = self._limiter.statistics().tasks_waiting
        if waiting >= self._line:
            self._metrics.turned_away.inc()
            many = f"{waiting} lists wait to be made."
            raise Refusal(503, "overloaded", many, "Come again in a moment.")
        return await anyio.to_thread.run_sync(make, limiter=self._limiter)
