"""Background builds: `vireo build` in a process of its own.

The build publishes by itself when it is whole; the service notices.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

MAX_OUTPUT = 20_000
"""Characters kept of what a build said."""
LOG = "build.log"


@dataclass(frozen=True)
class BuildStatus:
    """The last build that this service started."""

    running: bool
    started_at: float
    """Seconds since 1970 UTC."""
    seconds: float
    ok: bool | None
    """None while it runs."""
    output: str


class BuildRunner:
    """At most one build at a time; another command's build makes ours end with a message."""

    def __init__(self, workspace: Path, every_minutes: float) -> None:
        self._workspace = workspace
        self._every = every_minutes * 60
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._began = time.monotonic()
        self._started_at = 0.0
        self._seconds = 0.0
        self._code: int | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> bool:
        """False where one is running."""
        with self._turn:
            if self.running:
                return False
            self._began, self._started_at, self._code = time.monotonic(), time.time(), None
            command = [sys.executable, "-m", "vireo", "build", "-w", str(self._workspace)]
            with self._log.open("wb") as out:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "NO_COLOR": "1"},
                    start_new_session=True,  # a Ctrl-C for the service is none for the build
                )
            return True

    def look(self) -> None:
        """Note what has ended, and start what is due."""
        with self._turn:
            if self._process is not None and self._process.poll() is not None:
                self._code, self._process = self._process.returncode, None
                self._seconds = time.monotonic() - self._began
        if self._every and not self.running and time.monotonic() - self._began > self._every:
            self.start()

    @property
    def _log(self) -> Path:
        return self._workspace / "cache" / LOG

    def last(self) -> BuildStatus | None:
        """None before the first."""
        self.look()
        if not self._started_at:
            return None
        seconds = time.monotonic() - self._began if self.running else self._seconds
        try:
            output = self._log.read_text(encoding="utf-8", errors="replace")[-MAX_OUTPUT:]
        except OSError:
            output = ""
        ok = None if self.running else self._code == 0
        return BuildStatus(self.running, self._started_at, round(seconds, 1), ok, output)

    def close(self) -> None:
        """A running build is ended: what it finished is kept, and the next one goes on there."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
