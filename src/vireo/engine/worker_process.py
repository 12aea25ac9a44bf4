"""Child: one worker process, the thread that listens to it, and the item that it works on."""

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

from vireo.engine.worker_main import BOOT, receive, send

START_SECONDS = 120.0
"""A worker that is not ready by then (imports included) counts as one that cannot start."""
ONE_THREAD = ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "POLARS_MAX")
"""Libraries that would start a thread per core in each of the processes per core."""


class WorkerProcess:
    """Takes the packed function at birth, then one packed item at a time.

    What it answers lies in `inbox` as (child, reply); the reply None says that it is gone.
    """

    def __init__(
        self,
        function: bytes,
        inbox: SimpleQueue[tuple[WorkerProcess, Any]],
        path: Sequence[str] = (),
        folder: Path | None = None,
    ) -> None:
        """`path` is where it finds modules (default: as here), `folder` where it runs."""
        self.process = subprocess.Popen(
            [sys.executable, "-c", BOOT, json.dumps([*(path or sys.path)])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **{f"{name}_THREADS": "1" for name in ONE_THREAD}},
            cwd=folder,
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

    def shut_down(self) -> None:
        self.ready, self.index, self.deadline = True, None, float("inf")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.listener.join()
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
            return  # it died a moment ago: its listener reports that

    def _listen(self) -> None:
        try:
            while True:
                self.inbox.put((self, receive(self.process.stdout)))  # type: ignore[arg-type]
        except Exception:  # the pipe is closed or broken: either way the worker is lost
            self.inbox.put((self, None))


def too_long(timeout: float | None) -> str:
    """The reason of an item that was given up."""
    return f"took longer than {timeout:g} seconds"


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except OSError:
        return  # unsent bytes for a process that is gone
