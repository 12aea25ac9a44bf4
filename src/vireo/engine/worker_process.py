"""WorkerProcess: the parent's handle of one worker: its process, reader thread and current item."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from vireo.engine.worker_main import BOOTSTRAP, receive, send

START_SECONDS = 120.0
"""A worker that is not ready by then (imports included) counts as one that cannot start."""
SINGLE_THREADED = ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "POLARS_MAX")
"""Libraries that would start one thread per core in each of the processes; prefixes of
`..._THREADS`."""


class WorkerProcess:
    """Receives the serialized function at the start, then one serialized item at a time.

    A reader thread puts its replies into `replies` as (worker, reply); the reply None says that
    the process has ended.
    """

    def __init__(
        self,
        function: bytes,
        replies: SimpleQueue[tuple[WorkerProcess, Any]],
        import_path: Sequence[str] = (),
        directory: Path | None = None,
    ) -> None:
        """`import_path` is its sys.path (default: this process's), `directory` its working one."""
        self.process = subprocess.Popen(
            [sys.executable, "-c", BOOTSTRAP, json.dumps([*(import_path or sys.path)])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **{f"{name}_THREADS": "1" for name in SINGLE_THREADED}},
            cwd=directory,
        )
        self.replies = replies
        self.ready = False
        """Whether it has loaded the function."""
        self.item_index: int | None = None
        """The item that it is working on."""
        self.deadline = time.monotonic() + START_SECONDS
        """When it is killed, by the monotonic clock."""
        self.reader = threading.Thread(target=self._read_replies, daemon=True)
        self.reader.start()
        self._send(function)

    def submit(self, index: int, payload: bytes, timeout: float | None) -> None:
        """Start an item; its time limit counts from now."""
        self.item_index = index
        self.deadline = time.monotonic() + timeout if timeout else float("inf")
        self._send((payload, timeout))

    def mark_idle(self) -> None:
        """It has replied, and can take the next item."""
        self.ready, self.item_index, self.deadline = True, None, float("inf")

    def kill(self) -> None:
        """End the process, whatever it does, and wait until it is gone."""
        self.process.kill()
        self.process.wait()
        self.reader.join()
        for pipe in (self.process.stdin, self.process.stdout):
            _close(pipe)

    def exit_reason(self) -> str:
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
            return  # it has just died: the reader thread reports that

    def _read_replies(self) -> None:
        try:
            while True:
                self.replies.put((self, receive(self.process.stdout)))  # type: ignore[arg-type]
        except Exception:  # the pipe is closed or broken: either way the worker is lost
            self.replies.put((self, None))


def timeout_reason(timeout: float | None) -> str:
    """The error text of an item that exceeded its time limit."""
    return f"took longer than {timeout:g} seconds"


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except OSError:
        return  # unsent bytes for a process that is gone
