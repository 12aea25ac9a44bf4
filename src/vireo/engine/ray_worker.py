"""RayWorker: the actor that owns one worker process on a node of a Ray cluster.

Ray's own process never runs the work: a child process does, as in the engine `processes`. So a
time limit, a memory limit or a crash in C code has the same effect there and here, and the actor
survives it.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from vireo.engine.worker_process import START_SECONDS, WorkerProcess, timeout_reason
from vireo.version import VERSION

ItemReply = tuple[str, Any]
"""("done", serialized value), or "error", "timeout", "crash", "broken" or "unready" with the
reason."""


class RayWorker:
    """Runs one serialized item at a time; the loaded function stays in memory between items."""

    def __init__(self, function: bytes, import_path: Sequence[str], directory: str) -> None:
        self._function = function
        self._import_path = list(dict.fromkeys([*import_path, *sys.path]))
        self._directory = Path(directory) if Path(directory).is_dir() else None
        self._replies: SimpleQueue[tuple[WorkerProcess, Any]] = SimpleQueue()
        self._process: WorkerProcess | None = None

    def node_info(self) -> dict[str, str]:
        """Host name, node id and the version of Vireo there."""
        import ray  # only code on a node comes here

        node = ray.get_runtime_context().get_node_id()
        return {"host": socket.gethostname(), "node": node, "version": VERSION}

    def run(self, payload: bytes, timeout: float | None) -> ItemReply:
        """The reply to one item; raises nothing, whatever the item does."""
        process, failure = self._loaded_process()
        if process is None:
            return failure
        process.submit(0, payload, timeout)
        message = self._next_message(timeout)
        if message is None:
            self.shutdown()
            return "timeout", timeout_reason(timeout)
        if message[1] is None:
            reason = process.exit_reason()
            self.shutdown()
            return "crash", reason
        reply: ItemReply = message[1]
        return reply

    def shutdown(self) -> None:
        """Kill the process."""
        if self._process is not None:
            self._process.kill()
        self._process = None
        while not self._replies.empty():  # its last message
            self._replies.get()

    def _loaded_process(self) -> tuple[WorkerProcess | None, ItemReply]:
        """A process that has loaded the function; without one, the failure."""
        if self._process is not None:
            return self._process, ("", None)
        process = self._process = WorkerProcess(
            self._function, self._replies, self._import_path, self._directory
        )
        message = self._next_message(START_SECONDS)
        if message is not None and message[1] is not None and message[1][0] == "ready":
            return process, ("", None)
        failure: ItemReply = ("unready", "it took too long to start")
        if message is not None:
            failure = ("unready", process.exit_reason()) if message[1] is None else message[1]
        self.shutdown()
        return None, failure

    def _next_message(self, seconds: float | None) -> tuple[WorkerProcess, Any] | None:
        """The next message of the process; None after so many seconds."""
        try:
            return self._replies.get(timeout=seconds)
        except Empty:
            return None
