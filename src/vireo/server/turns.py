"""Turns: short work done by the thread that answers, one piece after the other.

A list from an index is a hundred short calls. Made by another thread, it meets the thread that
answers requests at every one of them: both want the interpreter, which one at a time can have, and
what one core had in its cache the other has to fetch. Two threads made fewer lists together than
one alone. So quick lists are made here, one between two looks at the network: who comes meanwhile
is heard, counted, and refused where too many wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

Made = TypeVar("Made")


class Turns:
    """Ask from the event loop alone."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callable[[], Any], asyncio.Future[Any]]] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def take(self, work: Callable[[], Made]) -> Made:
        """Do this when it is its turn; who no longer waits is passed over."""
        future: asyncio.Future[Made] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        while self._waiting:
            work, future = self._waiting.popleft()
            if future.done():
                continue
            try:
                future.set_result(work())
            except Exception as error:  # whoever asked must hear of it
                future.set_exception(error)
            await asyncio.sleep(0)
