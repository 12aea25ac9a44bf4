"""Writer thread of events: requests share transactions, and so waits for the disk.

Group commit, as databases do it (DeWitt et al. 1984): whatever arrives while one transaction is
being made durable is written by the next one together.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future

from vireo.errors import VireoError
from vireo.store.base import Events, LiveEvent
from vireo.store.validation import check

MAX_AT_ONCE = 2_000
"""Events in one transaction."""
MAX_WAITING = 50_000
"""Events that may wait; beyond it requests are answered 503 with Retry-After."""

_Waiting = tuple[Sequence[LiveEvent], "Future[int]"]


class QueueFull(VireoError):
    """More is coming in than can be worked off."""


class EventWriter:
    """Hand in events from any thread; the future says how many were new, once they are durable."""

    def __init__(self, store: Events) -> None:
        self._store = store
        self._waiting: list[_Waiting] = []
        self._count = 0
        self._closed = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="vireo-writer", daemon=True)
        self._thread.start()

    def submit(self, events: Sequence[LiveEvent]) -> Future[int]:
        """Raises InputError for an event that cannot be kept, Overloaded where too many wait."""
        check(events)
        future: Future[int] = Future()
        with self._change:
            if self._closed or self._count + len(events) > MAX_WAITING:
                raise QueueFull("Too many events are waiting to be written.", "Send them again.")
            self._waiting.append((events, future))
            self._count += len(events)
            self._change.notify()
        return future

    def close(self) -> None:
        """Write what waits, then end."""
        with self._change:
            self._closed = True
            self._change.notify()
        self._thread.join()

    def _work(self) -> None:
        while (turn := self._next()) is not None:
            try:
                stored = self._store.append_all([events for events, _ in turn])
            except Exception as error:  # whatever it is, the senders must hear of it
                for _, future in turn:
                    future.set_exception(error)
                continue
            for (_, future), new in zip(turn, stored, strict=True):
                future.set_result(new)

    def _next(self) -> list[_Waiting] | None:
        """The batches of the next transaction; None once everything is written and we may end."""
        with self._change:
            while not self._waiting and not self._closed:
                self._change.wait()
            if not self._waiting:
                return None
            turn: list[_Waiting] = []
            taken = 0
            while self._waiting and (not turn or taken + len(self._waiting[0][0]) <= MAX_AT_ONCE):
                turn.append(self._waiting.pop(0))
                taken += len(turn[-1][0])
            self._count -= taken
        # A sender who gave up may have cancelled; from here on it is too late for that.
        return [one for one in turn if one[1].set_running_or_notify_cancel()]
