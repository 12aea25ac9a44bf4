"""Pool: what one map has given out and got back; outcomes leave it in the order of the items."""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, Literal

from vireo.engine.base import Item, Outcome, Value
from vireo.engine.worker_main import described, pack, unpack
from vireo.errors import StageFailed

LOOK_AHEAD = 4
"""Items per worker that may be under way or finished before the consumer asks for them."""


class WorkerPool(ABC, Generic[Item, Value]):
    """Hire, feed, listen, hand on what is next: the round that every kind of worker shares."""

    def __init__(self, function: bytes, items: Sequence[Item], timeout: float | None) -> None:
        self.function, self.items, self.timeout = function, items, timeout
        self.finished: dict[int, Outcome[Value]] = {}
        self.next_in = self.next_out = 0

    def outcomes(self) -> Iterator[Outcome[Value]]:
        while self.next_out < len(self.items):
            self.hire()
            self.feed()
            if self.next_out not in self.finished:
                self.listen()
            while self.next_out in self.finished:
                outcome = self.finished.pop(self.next_out)
                self.next_out += 1
                # the consumer may be busy with it for long: nobody stands idle meanwhile
                self.glance()
                self.hire()
                self.feed()
                yield outcome

    @abstractmethod
    def hire(self) -> None:
        """Bring the number of workers to what is wanted."""

    @abstractmethod
    def feed(self) -> None:
        """Give work to those that are free."""

    @abstractmethod
    def listen(self) -> None:
        """Wait a while for answers, and take them."""

    def glance(self) -> None:
        """Take the answers that lie there already; nothing is waited for."""

    @abstractmethod
    def end(self) -> None:
        """Let go of all workers, whatever they are doing."""

    def next_packed(self, end: int) -> tuple[int, bytes] | None:
        """The next item that can be sent, before `end`; None where none is left."""
        while self.next_in < min(end, len(self.items)):
            index, self.next_in = self.next_in, self.next_in + 1
            try:
                return index, pack(self.items[index])
            except Exception as error:
                self.finish(index, "error", f"the item cannot be sent: {described(error)}")
        return None

    def keep(self, index: int, word: str, content: Any) -> None:
        """An answer of a worker: ("done", packed value) or ("error", why)."""
        if word == "error":
            self.finish(index, "error", content)
            return
        try:
            self.finished[index] = Outcome(index, unpack(content))
        except Exception as error:
            self.finish(index, "error", f"the result cannot be read: {described(error)}")

    def finish(self, index: int, kind: Literal["error", "timeout", "crash"], why: str) -> None:
        self.finished[index] = Outcome(index, None, why, kind)


def packed_function(function: Callable[[Any], Any]) -> bytes:
    """The work as bytes for the workers; raises StageFailed where it cannot be."""
    try:
        return pack(function)
    except Exception as error:
        raise StageFailed(
            f"The work cannot be sent to worker processes: {described(error)}",
            "Use a function at the top of a module, or engine.name = 'serial'.",
        ) from None


def cannot_load(why: str) -> StageFailed:
    """What to raise when the workers lack what the function needs."""
    return StageFailed(
        f"The worker processes cannot load the work: {why}",
        "Set engine.name = 'serial' to see it fail in this process.",
    )


def cores() -> int:
    """How many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
