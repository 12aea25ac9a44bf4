"""List executor: lists are computed one after the other, or a few at a time.

A list is many short steps of one interpreter: two threads would only alternate, at a cost. The
number of waiting requests is bounded earlier (middleware.py), where a rejection is cheap: in a
long queue every answer is late.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")
QUICK_SECONDS = 0.02
"""Lists that take longer on average are made in a thread."""
_NOTHING_SECONDS = 0.0002
"""A round of the loop in which it did nothing takes a tenth of it; one request, twice as long."""
_PATIENCE_SECONDS = 0.01
_MEMORY = 16
"""Lists that the average looks back on."""
_LISTS = re.compile(r"/v1/(users/.+|sessions)/recommendations|/api/(session/)?recommend(/.*)?")


def makes_list(path: str) -> bool:
    """Whether what answers under this path takes its turn."""
    return _LISTS.fullmatch(path) is not None


class NeedsThread(Exception):
    """Whether the request may take long."""


class ListExecutor:
    """One line for everything that makes lists.

    The way to a thread and back, and waiting for the interpreter there, cost as much as a quick
    list. So the loop itself computes one when it is idle: waiting requests are read and rejections
    sent first. Lists that wait for a remote database or model, or compute for long, would block the
    loop; they run in a thread.
    """

    def __init__(self, threads: int, waits: bool = False) -> None:
        """`waits`: lists ask a database on another machine."""
        self._pool = ThreadPoolExecutor(threads, "vireo-lists")
        self._free = asyncio.Semaphore(threads)
        self._apart = waits or threads > 1
        self._usual = 0.0

    async def take(self, make: Callable[[bool], Made]) -> Made:
        """Result of `make`. It is called with True in the loop, where it may
        raise NotAtOnce; then it is called with False, in a thread.
        """
        # The pool has a line of its own, but then one list follows the other and the loop gets the
        # interpreter for a moment only: refusals, which are its work, took up to two seconds.
        async with self._free:
            if not self._apart and self._usual < QUICK_SECONDS:
                await _idle()
                try:
                    return self._timed(make, True)
                except NeedsThread:
                    pass
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, self._timed, make, False)

    def _timed(self, make: Callable[[bool], Made], at_once: bool) -> Made:
        began = time.perf_counter()
        try:
            return make(at_once)
        finally:
            self._usual += (time.perf_counter() - began - self._usual) / _MEMORY

    def close(self) -> None:
        """Wait for what is being made."""
        self._pool.shutdown(cancel_futures=True)


async def _idle() -> None:
    """Wait until the loop is idle, or was busy for long: under overload rejections go
    before lists, and some lists are still computed."""
    began = now = time.perf_counter()
    while now - began < _PATIENCE_SECONDS:
        last = now
        await asyncio.sleep(0)
        now = time.perf_counter()
        if now - last < _NOTHING_SECONDS:
            return
