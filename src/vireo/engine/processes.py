"""Processes engine: isolated workers; a hanging or crashing item costs itself, never the run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Generic, Literal

from vireo.engine.base import EngineSection, Item, Outcome, Value
from vireo.engine.worker import BOOT, described, pack, receive, send, unpack
from vireo.errors import StageFailed

LOOK_AHEAD = 4
"""Items per worker that may be under way or finished before the consumer asks for them."""
START_SECONDS = 120.0
"""A worker that is not ready by then (imports included) counts as one that cannot start."""
FAILED_STARTS = 3
ONE_THREAD = ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "POLARS_MAX")
"""Libraries that would start a thread per core in each of the processes per core."""


class Processes:
    """Worker processes with a time limit per item; they end with the map or with the parent."""

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
        size = min(self.section.workers or _cores(), len(items))
        pool: _Pool[Item, Value] = _Pool(_packed_function(function), items, timeout, size)
        try:
            yield from pool.outcomes()
        finally:
            pool.end()


class _Worker:
    """A process, the thread that listens to it, and the item that it works on."""

    def __init__(self, function: bytes, inbox: SimpleQueue[tuple[_Worker, Any]]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", BOOT, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **{f"{name}_THREADS": "1" for name in ONE_THREAD}},
        )
        self.inbox = inbox
        self.ready = False
        self.index: int | None = None
        self.deadline = time.monotonic() + START_SECONDS
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()
        self._send(function)

    def give(self, index: int, packed: bytes, timeout: float | None) -> None:
        self.index = index
        self.deadline = time.monotonic() + timeout if timeout else float("inf")
        self._send((packed, timeout))

    def rest(self) -> None:
        self.ready, self.index, self.deadline = True, None, float("inf")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.listener.join()
        for pipe in (self.process.stdin, self.process.stdout):
            _close(pipe)

    def last_words(self) -> str:
        """Why the process ended, as far as the exit status tells."""
        code = self.process.wait()
        if code >= 0:
            return f"the worker process ended with exit code {code}"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        memory = ", often a lack of memory" if name == "SIGKILL" else ""
        return f"the worker process was ended by {name}{memory}"

    def _send(self, message: object) -> None:
        try:
            send(self.process.stdin, message)  # type: ignore[arg-type]
        except OSError:
            return  # it died a moment ago: its listener reports that

    def _listen(self) -> None:
        try:
            while True:
                self.inbox.put((self, receive(self.process.stdout)))  # type: ignore[arg-type]
        except Exception:  # the pipe is closed or broken: either way the worker is lost
            self.inbox.put((self, None))


class _Pool(Generic[Item, Value]):
    """The workers of one map and what they have answered so far."""

    def __init__(
        self, function: bytes, items: Sequence[Item], timeout: float | None, size: int
    ) -> None:
        self.function, self.items, self.timeout, self.size = function, items, timeout, size
        self.inbox: SimpleQueue[tuple[_Worker, Any]] = SimpleQueue()
        self.workers: list[_Worker] = []
        self.finished: dict[int, Outcome[Value]] = {}
        self.next_in = self.next_out = self.failed_starts = 0

    def outcomes(self) -> Iterator[Outcome[Value]]:
        while self.next_out < len(self.items):
            self._hire()
            self._feed()
            if self.next_out not in self.finished:
                self._listen()
            while self.next_out in self.finished:
                outcome = self.finished.pop(self.next_out)
                self.next_out += 1
                yield outcome

    def end(self) -> None:
        for worker in self.workers:
            worker.end()

    def _hire(self) -> None:
        under_way = sum(worker.index is not None for worker in self.workers)
        wanted = min(self.size, under_way + len(self.items) - self.next_in)
        while len(self.workers) < wanted:
            self.workers.append(_Worker(self.function, self.inbox))

    def _feed(self) -> None:
        end = min(len(self.items), self.next_out + LOOK_AHEAD * self.size)
        for worker in self.workers:
            while worker.ready and worker.index is None and self.next_in < end:
                index, self.next_in = self.next_in, self.next_in + 1
                try:
                    packed = pack(self.items[index])
                except Exception as error:
                    self._finish(index, "error", f"the item cannot be sent: {described(error)}")
                    continue
                worker.give(index, packed, self.timeout)

    def _listen(self) -> None:
        """Waits for one answer or the next deadline; an answer that has come is never late."""
        try:
            waiting = min(worker.deadline for worker in self.workers) - time.monotonic()
            self._hear(*self.inbox.get(timeout=min(max(waiting, 0.0), 60.0)))
        except Empty:
            for worker in [w for w in self.workers if w.deadline <= time.monotonic()]:
                self._dismiss(worker, "timeout", f"took longer than {self.timeout:g} seconds")

    def _hear(self, worker: _Worker, reply: Any) -> None:
        if worker not in self.workers:
            return  # the last message of a worker that was dismissed
        if reply is None:
            self._dismiss(worker, "crash", worker.last_words())
            return
        word, content = reply
        if word == "broken":
            raise StageFailed(
                f"The worker processes cannot load the work: {content}",
                "Set engine.name = 'serial' to see it fail in this process.",
            )
        if worker.index is not None:
            self._keep(worker.index, word, content)
        self.failed_starts = 0
        worker.rest()

    def _keep(self, index: int, word: str, content: Any) -> None:
        if word == "error":
            self._finish(index, "error", content)
            return
        try:
            self.finished[index] = Outcome(index, unpack(content))
        except Exception as error:
            self._finish(index, "error", f"the result cannot be read: {described(error)}")

    def _dismiss(self, worker: _Worker, kind: Literal["timeout", "crash"], why: str) -> None:
        self.workers.remove(worker)
        worker.end()
        if worker.index is not None:
            self._finish(worker.index, kind, why)
            return
        self.failed_starts += 1
        if self.failed_starts >= FAILED_STARTS:
            raise StageFailed(
                f"Worker processes cannot start: {worker.last_words()}.",
                "Set engine.name = 'serial' to work in this process.",
            )

    def _finish(self, index: int, kind: Literal["error", "timeout", "crash"], why: str) -> None:
        self.finished[index] = Outcome(index, None, why, kind)


def _packed_function(function: Callable[[Any], Any]) -> bytes:
    try:
        return pack(function)
    except Exception as error:
        raise StageFailed(
            f"The work cannot be sent to worker processes: {described(error)}",
            "Use a function at the top of a module, or engine.name = 'serial'.",
        ) from None


def _cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except OSError:
        return  # unsent bytes for a process that is gone
