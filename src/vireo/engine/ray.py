"""Ray engine: the workers of `processes` on all nodes of a Ray cluster, with retries.

An item that fails on one node is tried once on another and then rejected with its reason. Items in
flight on a node that dies go to the others; so a run ends as long as one node is left.
"""

from __future__ import annotations

import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

from vireo.engine.base import EngineSection, Item, Outcome, Value
from vireo.engine.pool import LOOK_AHEAD, WorkerPool, load_failure, serialize_function
from vireo.engine.ray_cluster import RayWorkerHandle, cluster_cpus, connect
from vireo.errors import StageFailed

IN_FLIGHT_PER_WORKER = 2
"""While one item runs, the next is on the node already."""
MAX_ATTEMPTS = 2
"""An item that fails so often, on whichever node, is rejected."""
MAX_LOSSES = 3
"""An item is rejected after so many losses of its worker, which may be the machine's fault."""
CLUSTER_POLL_SECONDS = 2.0
"""How often the number of CPUs of the cluster is read."""


class Ray:
    """Workers on all nodes of a cluster; nodes may join and leave during a map."""

    distributed: ClassVar[bool] = True

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

        Files that items name must lie under the same path on all nodes. Raises MissingLibrary
        without Ray, StageFailed where no cluster answers or no worker can start.
        """
        serialized = serialize_function(function)
        if not len(items):
            return
        max_workers = self.section.workers or sys.maxsize
        pool: _RayPool[Item, Value] = _RayPool(
            connect(self.section), serialized, items, timeout, max_workers
        )
        try:
            yield from pool.outcomes()
        finally:
            pool.shutdown()


class _RayPool(WorkerPool[Item, Value]):
    """The workers of one map on all nodes."""

    def __init__(
        self,
        ray: Any,
        function: bytes,
        items: Sequence[Item],
        timeout: float | None,
        max_workers: int,
    ) -> None:
        super().__init__(function, items, timeout)
        self.ray = ray
        self.max_workers = max_workers
        self.workers: list[RayWorkerHandle] = []
        self.retries: deque[tuple[int, bytes]] = deque()
        """Items to try again, before any new one."""
        self.failed_nodes: dict[int, list[str]] = {}
        """Item -> the nodes where it failed."""
        self.failed_attempts: dict[int, list[str]] = {}
        """Item -> a line per attempt that failed."""
        self.losses: Counter[int] = Counter()
        self.size, self.size_read_at, self.failed_starts = 0, -CLUSTER_POLL_SECONDS, 0

    def shutdown(self) -> None:
        for worker in self.workers:
            worker.kill()

    def start_workers(self) -> None:
        if time.monotonic() - self.size_read_at >= CLUSTER_POLL_SECONDS:
            self.size = min(self.max_workers, cluster_cpus(self.ray))
            self.size_read_at = time.monotonic()
        in_flight = sum(len(worker.in_flight) for worker in self.workers)
        remaining = in_flight + len(self.retries) + len(self.items) - self.next_to_submit
        needed = min(self.size, remaining)
        excess = max(0, len(self.workers) - needed)
        for worker in [w for w in self.workers if not w.ready][:excess]:
            self._remove_worker(worker)  # it waits for a CPU that is gone
        while len(self.workers) < needed:
            self.workers.append(RayWorkerHandle(self.ray, self.function))

    def submit_items(self) -> None:
        end = self.next_to_yield + LOOK_AHEAD * max(self.size, 1)
        for depth in range(IN_FLIGHT_PER_WORKER):
            for worker in self.workers:
                if worker.ready and len(worker.in_flight) <= depth:
                    item = self._next_item_for(worker, end)
                    if item is not None:
                        worker.submit(*item, self.timeout)

    def _next_item_for(self, worker: RayWorkerHandle, end: int) -> tuple[int, bytes] | None:
        """An item to retry, if possible on a node where it has not failed, or a new one."""
        nodes = {other.node for other in self.workers if other.ready}
        for _ in range(len(self.retries)):
            index, payload = self.retries.popleft()
            failed_on = set(self.failed_nodes.get(index, ()))
            if worker.node not in failed_on or nodes <= failed_on:
                return index, payload
            self.retries.append((index, payload))
        return self.next_item(end)

    def wait(self) -> None:
        pending = {ref: worker for worker in self.workers for ref in worker.pending_refs()}
        completed: list[Any] = []
        if pending:
            completed, _ = self.ray.wait(list(pending), timeout=CLUSTER_POLL_SECONDS / 2)
        else:
            time.sleep(CLUSTER_POLL_SECONDS / 10)
        for ref in completed:
            self._handle_reply(pending[ref], ref)
        for worker in [worker for worker in self.workers if worker.is_overdue()]:
            self._handle_loss(worker, "it does not answer")
        if not self.workers and not self.size:
            raise StageFailed(
                "No node of the Ray cluster is left to work on.",
                "Start one (`ray start --address=...`) and type the same again: what was finished"
                " is kept.",
            )

    def _handle_reply(self, worker: RayWorkerHandle, ref: Any) -> None:
        try:
            reply = self.ray.get(ref)
        except self.ray.exceptions.RayError as error:
            self._handle_loss(worker, " ".join(str(error).split(".")[0].split()))
            return
        if ref == worker.start_ref:
            worker.mark_ready(reply)
            self.failed_starts = 0
            return
        index, payload = worker.complete(ref)
        status, content = reply
        if status == "broken":
            raise load_failure(content)
        if status == "unready":
            self._count_failed_start(content)
            self.retries.appendleft((index, payload))
        elif status == "done":
            self.store_reply(index, status, content)
            self._attach_failed_attempts(index)
        else:
            self._handle_failure(index, payload, worker, status, content)

    def _handle_failure(
        self,
        index: int,
        payload: bytes,
        worker: RayWorkerHandle,
        kind: Literal["error", "timeout", "crash"],
        reason: str,
    ) -> None:
        """The item failed on a worker that is fine: retry or reject it."""
        failed_on = self.failed_nodes.setdefault(index, [])
        failed_on.append(worker.node)
        self.failed_attempts.setdefault(index, []).append(f"{kind} on {worker.label}: {reason}")
        if len(failed_on) < MAX_ATTEMPTS:
            self.retries.append((index, payload))
            return
        self.store_failure(index, kind, reason)
        self._attach_failed_attempts(index)

    def _handle_loss(self, worker: RayWorkerHandle, reason: str) -> None:
        """The worker is gone: its items in flight go to the others."""
        self._remove_worker(worker)
        if not worker.ready:
            self._count_failed_start(reason)
        for index, payload in reversed(list(worker.in_flight.values())):
            self.losses[index] += 1
            line = f"lost with a worker on {worker.label}: {reason}"
            self.failed_attempts.setdefault(index, []).append(line)
            if self.losses[index] < MAX_LOSSES:
                self.retries.appendleft((index, payload))
            else:
                text = f"its worker was lost {MAX_LOSSES} times: {reason}"
                self.store_failure(index, "crash", text)
                self._attach_failed_attempts(index)

    def _remove_worker(self, worker: RayWorkerHandle) -> None:
        self.workers.remove(worker)
        worker.kill()
        self.size_read_at = -CLUSTER_POLL_SECONDS  # the cluster may have changed

    def _attach_failed_attempts(self, index: int) -> None:
        """Put the lines of earlier attempts into the item's outcome."""
        lines = self.failed_attempts.pop(index, None)
        if lines:
            outcome = self.completed[index]
            self.completed[index] = replace(outcome, failed_attempts=tuple(lines))
        self.failed_nodes.pop(index, None)

    def _count_failed_start(self, reason: str) -> None:
        self.failed_starts += 1
        if self.failed_starts > MAX_LOSSES + len(self.workers):
            raise StageFailed(
                f"No worker can start on the Ray cluster: {reason}.",
                "Every node needs the same Vireo; or set engine.name = 'processes'.",
            )
