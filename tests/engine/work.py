"""What the workers are asked to do in the tests: behave, hang, crash."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from vireo.engine.base import Outcome


def troubled(item: str) -> str:
    """Does what the item says."""
    if item == "hang":
        time.sleep(600)
    elif item == "exit":
        os._exit(3)
    elif item == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif item == "memory":
        raise MemoryError
    elif item == "print":
        print("a library that talks on standard output", flush=True)
        sys.stdout.flush()
    elif item == "lambda":
        return lambda: None  # type: ignore[return-value]
    return item


TROUBLES = ["a", "hang", "exit", "b", "segfault", "memory", "print", "lambda", "c"]
KINDS = {
    **dict.fromkeys(["a", "b", "c", "print"], "done"),
    "hang": "timeout",
    "exit": "crash",
    "segfault": "crash",
    "memory": "error",
    "lambda": "error",
}
"""What becomes of each of TROUBLES with two seconds for each."""


def kinds_of(outcomes: list[Outcome[str]]) -> dict[str, str]:
    """What became of each of TROUBLES."""
    return {item: outcome.kind for item, outcome in zip(TROUBLES, outcomes, strict=True)}


def leave_a_mark(path: str) -> str:
    """Makes an empty file."""
    Path(path).touch()
    return path


def fail_the_first_time(folder: str) -> str:
    """Raises once, and then works."""
    mark = Path(folder) / "tried"
    if mark.exists():
        return "second time"
    mark.touch()
    raise OSError("the first time")


def write_pid_and_hang(folder: str) -> None:
    """Leaves its process id in the folder, then sleeps."""
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(600)


def note_and_wait(folder: str) -> int:
    """Which process did it, after a moment of work."""
    time.sleep(0.3)
    return os.getpid()
