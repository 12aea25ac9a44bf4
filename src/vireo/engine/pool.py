"""WorkerPool: dispatch of items to workers and ordered results, for local and Ray workers."""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, Literal

from vireo.engine.base import Item, Outcome, Value
from vireo.engine.worker_main import deserialize, error_line, serialize
from vireo.errors import StageFailed

LOOK_AHEAD = 4
"""Items per worker that may be running or completed before the consumer asks for them."""


class WorkerPool(ABC, Generic[Item, Value]):
    """The loop of one `Engine.map` call; subclasses say how workers start, receive and reply.

    `function` is serialized; `timeout` is in seconds per item.
    """

    def __init__(self, function: bytes, items: Sequence[Item], timeout: float | None) -> None:
        self.function, self.items, self.timeout = function, items, timeout
        self.completed: dict[int, Outcome[Value]] = {}
        """Outcomes that wait for those of earlier items."""
        self.next_to_submit = self.next_to_yield = 0

    def outcomes(self) -> Iterator[Outcome[Value]]:
        """One Outcome per item, in the order of the items."""
        while self.next_to_yield < len(self.items):
            self.start_workers()
            self.submit_items()
            if self.next_to_yield not in self.completed:
                self.wait()
            while self.next_to_yield in self.completed:
                outcome = self.completed.pop(self.next_to_yield)
                self.next_to_yield += 1
                # the consumer may take long over this outcome: workers must not idle meanwhile
                self.poll()
                self.start_workers()
                self.submit_items()
                yield outcome

    @abstractmethod
    def start_workers(self) -> None:
        """Bring the number of workers to what the rest of the items needs."""

    @abstractmethod
    def submit_items(self) -> None:
        """Send items to idle workers, within the look-ahead."""

    @abstractmethod
    def wait(self) -> None:
        """Block until a reply arrives or a deadline passes, and handle it."""

    def poll(self) -> None:
        """Handle the replies that have arrived; does not block."""

    @abstractmethod
    def shutdown(self) -> None:
        """Kill all workers, also busy ones."""

    def next_item(self, end: int) -> tuple[int, bytes] | None:
        """Index and payload of the next item before `end`; None where none is left.

        Items that cannot be serialized become errors on the way.
        """
        while self.next_to_submit < min(end, len(self.items)):
            index, self.next_to_submit = self.next_to_submit, self.next_to_submit + 1
            try:
                return index, serialize(self.items[index])
            except Exception as error:
                self.store_failure(index, "error", f"the item cannot be sent: {error_line(error)}")
        return None

    def store_reply(self, index: int, status: str, content: Any) -> None:
        """A worker's reply to an item: ("done", serialized value) or ("error", reason)."""
        if status == "error":
            self.store_failure(index, "error", content)
            return
        try:
            self.completed[index] = Outcome(index, deserialize(content))
        except Exception as error:
            self.store_failure(index, "error", f"the result cannot be read: {error_line(error)}")

    def store_failure(
        self, index: int, kind: Literal["error", "timeout", "crash"], reason: str
    ) -> None:
        self.completed[index] = Outcome(index, None, reason, kind)


def serialize_function(function: Callable[[Any], Any]) -> bytes:
    """The function as bytes for the workers; raises StageFailed where it cannot be pickled."""
    try:
        return serialize(function)
    except Exception as error:
        raise StageFailed(
            f"The work cannot be sent to worker processes: {error_line(error)}",
            "Use a function at the top of a module, or engine.name = 'serial'.",
        ) from None


def load_failure(reason: str) -> StageFailed:
    """The error to raise when workers lack what the function imports."""
    return StageFailed(
        f"The worker processes cannot load the work: {reason}",
        "Set engine.name = 'serial' to see it fail in this process.",
    )


def available_cpus() -> int:
    """Number of CPUs that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
