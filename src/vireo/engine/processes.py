"""Processes engine: isolated workers; a hanging or crashing item costs itself, never the run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Any, ClassVar, Literal

from vireo.engine.base import EngineSection, Item, Outcome, Value
from vireo.engine.pool import LOOK_AHEAD, WorkerPool, cannot_load, cores, packed_function
from vireo.engine.worker_process import WorkerProcess, too_long
from vireo.errors import StageFailed

FAILED_STARTS = 3


class Processes:
    """Worker processes with a time limit per item; they end with the map or with the parent."""

    elsewhere: ClassVar[bool] = False

    def __init__(self, section: EngineSection) -> None:
        self.section = section

    def map(
        self,
        function: Callable[[Item], Value],
        items: Sequence[Item],
        *,
        timeout: float | None = None,
    ) -> Iterator[Outcome[Value]]:
        """One Outcome per item, in order. Closing the iterator kills the work under way.

        Raises StageFailed when the function cannot be sent or workers cannot start.
        """
        size = min(self.section.workers or cores(), len(items))
        pool: _Local[Item, Value] = _Local(packed_function(function), items, timeout, size)
        try:
            yield from pool.outcomes()
        finally:
            pool.end()


class _Local(WorkerPool[Item, Value]):
    """The worker processes of one map."""

    def __init__(
        self, function: bytes, items: Sequence[Item], timeout: float | None, size: int
    ) -> None:
        super().__init__(function, items, timeout)
        self.size = size
        self.inbox: SimpleQueue[tuple[WorkerProcess, Any]] = SimpleQueue()
        self.workers: list[WorkerProcess] = []
        self.failed_starts = 0

    def end(self) -> None:
        for worker in self.workers:
            worker.end()

    def hire(self) -> None:
        under_way = sum(worker.index is not None for worker in self.workers)
        wanted = min(self.size, under_way + len(self.items) - self.next_in)
        while len(self.workers) < wanted:
            self.workers.append(WorkerProcess(self.function, self.inbox))

    def feed(self) -> None:
        end = self.next_out + LOOK_AHEAD * self.size
        for worker in self.workers:
            if not worker.ready or worker.index is not None:
                continue
            found = self.next_packed(end)
            if found is None:
                return
            worker.give(*found, self.timeout)

    def listen(self) -> None:
        """Waits for one answer or the next deadline; an answer that has come is never late."""
        try:
            waiting = min(worker.deadline for worker in self.workers) - time.monotonic()
            self._hear(*self.inbox.get(timeout=min(max(waiting, 0.0), 60.0)))
        except Empty:
            for worker in [w for w in self.workers if w.deadline <= time.monotonic()]:
                self._dismiss(worker, "timeout", too_long(self.timeout))

    def glance(self) -> None:
        while not self.inbox.empty():
            self._hear(*self.inbox.get_nowait())

    def _hear(self, worker: WorkerProcess, reply: Any) -> None:
        if worker not in self.workers:
            return  # the last message of a worker that was dismissed
        if reply is None:
            self._dismiss(worker, "crash", worker.exit_reason())
            return
        word, content = reply
        if word == "broken":
            raise cannot_load(content)
        if worker.index is not None:
            self.keep(worker.index, word, content)
        self.failed_starts = 0
        worker.shut_down()

    def _dismiss(self, worker: WorkerProcess, kind: Literal["timeout", "crash"], why: str) -> None:
        self.workers.remove(worker)
        worker.end()
        if worker.index is not None:
            self.finish(worker.index, kind, why)
            return
        self.failed_starts += 1
        if self.failed_starts >= FAILED_STARTS:
            raise StageFailed(
                f"Worker processes cannot start: {worker.exit_reason()}.",
                "Set engine.name = 'serial' to work in this process.",
            )
