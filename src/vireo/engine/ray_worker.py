"""Slot: what runs on a node of a Ray cluster: one place for work, with a process of its own.

Ray's own worker never runs the work: a child does, as in the engine `processes`. So a time limit, a
limit on memory or a crash in C code means the same there and here, and costs a node nothing.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from vireo.engine.worker_process import START_SECONDS, WorkerProcess, too_long
from vireo.version import VERSION

Answer = tuple[str, Any]
"""("done", packed value), or "error", "timeout", "crash", "broken" or "unready" with the reason."""


class RayWorker:
    """Takes one packed item at a time; what the function loads stays loaded from item to item."""

    def __init__(self, function: bytes, path: Sequence[str], folder: str) -> None:
        self._function = function
        self._path = list(dict.fromkeys([*path, *sys.path]))
        self._folder = Path(folder) if Path(folder).is_dir() else None
        self._inbox: SimpleQueue[tuple[WorkerProcess, Any]] = SimpleQueue()
        self._child: WorkerProcess | None = None

    def about(self) -> dict[str, str]:
        """Which machine and node this is, and which Vireo it has."""
        import ray  # only what runs on a node comes here

        node = ray.get_runtime_context().get_node_id()
        return {"host": socket.gethostname(), "node": node, "version": VERSION}

    def work(self, packed: bytes, timeout: float | None) -> Answer:
        """One item; raises nothing, whatever the item does."""
        child, why = self._ready()
        if child is None:
            return why
        child.give(0, packed, timeout)
        reply = self._reply(timeout)
        if reply is None:
            self.end()
            return "timeout", too_long(timeout)
        if reply[1] is None:
            words = child.exit_reason()
            self.end()
            return "crash", words
        answer: Answer = reply[1]
        return answer

    def end(self) -> None:
        """Let go of the child."""
        if self._child is not None:
            self._child.end()
        self._child = None
        while not self._inbox.empty():  # its last message
            self._inbox.get()

    def _ready(self) -> tuple[WorkerProcess | None, Answer]:
        """A child that has loaded the function, or why there is none."""
        if self._child is not None:
            return self._child, ("", None)
        child = self._child = WorkerProcess(self._function, self._inbox, self._path, self._folder)
        reply = self._reply(START_SECONDS)
        if reply is not None and reply[1] is not None and reply[1][0] == "ready":
            return child, ("", None)
        answer: Answer = ("unready", "it took too long to start")
        if reply is not None:
            answer = ("unready", child.exit_reason()) if reply[1] is None else reply[1]
        self.end()
        return None, answer

    def _reply(self, seconds: float | None) -> tuple[WorkerProcess, Any] | None:
        """What the child says next; None where it says nothing in time."""
        try:
            return self._inbox.get(timeout=seconds)
        except Empty:
            return None
