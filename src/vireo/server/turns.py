"""Turns: lists are made a few at a time.

A list is many short steps of one interpreter: two threads would take turns at it, and each turn
costs what nobody gains. How many wait for their turn is bounded at the door (guard.py), where a
refusal costs next to nothing: what waits in a long line is late, and nobody gains that either.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")
_LISTS = re.compile(r"/v1/(users/.+|sessions)/recommendations|/api/(session/)?recommend(/.*)?")


def makes_list(path: str) -> bool:
    """Whether what answers under this path takes its turn."""
    return _LISTS.fullmatch(path) is not None


class Turns:
    """One line for everything that makes lists."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, "vireo-lists")
        self._free = asyncio.Semaphore(threads)

    async def take(self, make: Callable[[], Made]) -> Made:
        """What `make` returns, once it had its turn in a thread."""
        # The pool has a line of its own, but then one list follows the other and the loop gets the
        # interpreter for a moment only: refusals, which are its work, took up to two seconds.
        async with self._free:
            return await asyncio.get_running_loop().run_in_executor(self._pool, make)

    def close(self) -> None:
        """Wait for what is being made."""
        self._pool.shutdown(cancel_futures=True)
