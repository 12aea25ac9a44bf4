"""Processes engine: isolated worker processes with a time limit per item."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Any, ClassVar, Literal

from vireo.engine.base import EngineSection, Item, Outcome, Value
from vireo.engine.pool import (
    LOOK_AHEAD,
    WorkerPool,
    available_cpus,
    load_failure,
    serialize_function,
)
from vireo.engine.worker_process import WorkerProcess, timeout_reason
from vireo.errors import StageFailed

MAX_FAILED_STARTS = 3
"""Worker starts that may fail in a row."""
_MAX_WAIT_SECONDS = 60.0


class Processes:
    """Worker processes on this machine. A hanging or crashing item costs only its own outcome.

    Workers end with the map or with the parent process.
    """

    distributed: ClassVar[bool] = False

    def __init__(self, section: EngineSection) -> None:
        self.section = section

    def map(
        self,
        function: Callable[[Item], Value],
        items: Sequence[Item],
        *,
        timeout: float | None = None,
    ) -> Iterator[Outcome[Value]]:
        """One Outcome per item, in order. Closing the iterator kills running work.

        Raises StageFailed when the function cannot be sent or workers cannot start.
        """
        size = min(self.section.workers or available_cpus(), len(items))
        pool: _ProcessPool[Item, Value] = _ProcessPool(
            serialize_function(function), items, timeout, size
        )
        try:
            yield from pool.outcomes()
        finally:
            pool.shutdown()


class _ProcessPool(WorkerPool[Item, Value]):
    """The worker processes of one map."""

    def __init__(
        self, function: bytes, items: Sequence[Item], timeout: float | None, size: int
    ) -> None:
        super().__init__(function, items, timeout)
        self.size = size
        self.replies: SimpleQueue[tuple[WorkerProcess, Any]] = SimpleQueue()
        self.workers: list[WorkerProcess] = []
        self.failed_starts = 0

    def shutdown(self) -> None:
        for worker in self.workers:
            worker.kill()

    def start_workers(self) -> None:
        running = sum(worker.item_index is not None for worker in self.workers)
        needed = min(self.size, running + len(self.items) - self.next_to_submit)
        while len(self.workers) < needed:
            self.workers.append(WorkerProcess(self.function, self.replies))

    def submit_items(self) -> None:
        end = self.next_to_yield + LOOK_AHEAD * self.size
        for worker in self.workers:
            if not worker.ready or worker.item_index is not None:
                continue
            item = self.next_item(end)
            if item is None:
                return
            worker.submit(*item, self.timeout)

    def wait(self) -> None:
        """One reply or the next deadline; a reply that has arrived is never late."""
        try:
            seconds = min(worker.deadline for worker in self.workers) - time.monotonic()
            seconds = min(max(seconds, 0.0), _MAX_WAIT_SECONDS)
            self._handle_reply(*self.replies.get(timeout=seconds))
        except Empty:
            for worker in [w for w in self.workers if w.deadline <= time.monotonic()]:
                self._remove_worker(worker, "timeout", timeout_reason(self.timeout))

    def poll(self) -> None:
        while not self.replies.empty():
            self._handle_reply(*self.replies.get_nowait())

    def _handle_reply(self, worker: WorkerProcess, reply: Any) -> None:
        if worker not in self.workers:
            return  # the last reply of a worker that was removed
        if reply is None:
            self._remove_worker(worker, "crash", worker.exit_reason())
            return
        status, content = reply
        if status == "broken":
            raise load_failure(content)
        if worker.item_index is not None:
            self.store_reply(worker.item_index, status, content)
        self.failed_starts = 0
        worker.mark_idle()

    def _remove_worker(
        self, worker: WorkerProcess, kind: Literal["timeout", "crash"], reason: str
    ) -> None:
        self.workers.remove(worker)
        worker.kill()
        if worker.item_index is not None:
            self.store_failure(worker.item_index, kind, reason)
            return
        self.failed_starts += 1
        if self.failed_starts >= MAX_FAILED_STARTS:
            raise StageFailed(
                f"Worker processes cannot start: {worker.exit_reason()}.",
                "Set engine.name = 'serial' to work in this process.",
            )
