"""Progress of long work: log lines or nothing; bars are in progress_bar.py."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Tick = Callable[..., None]
"""tick(n=1, note=""): n more items are done; `note` is a short figure such as a loss."""


class Progress(Protocol):
    """Receives the progress of long work."""

    def task(self, description: str, total: int | None) -> AbstractContextManager[Tick]:
        """A task of `total` items (None: unknown); gives the function that counts them."""
        ...

    def say(self, line: str) -> None:
        """Write one line."""
        ...


class NullProgress:
    """Writes nothing: the default of the Python API."""

    @contextmanager
    def task(self, description: str, total: int | None) -> Iterator[Tick]:
        yield lambda n=1, note="": None

    def say(self, line: str) -> None:
        return None


class LogProgress:
    """Lines on standard error, at most one per `every_seconds`, for logs and pipes."""

    def __init__(self, every_seconds: float = 5.0) -> None:
        self._every = every_seconds

    @contextmanager
    def task(self, description: str, total: int | None) -> Iterator[Tick]:
        start = last = time.monotonic()
        done = 0

        def tick(n: int = 1, note: str = "") -> None:
            nonlocal done, last
            done += n
            now = time.monotonic()
            if now - last >= self._every:
                last = now
                self.say(_line(description, done, total, now - start, note))

        yield tick
        if time.monotonic() - start >= self._every:
            self.say(_line(description, done, total, time.monotonic() - start, "done"))

    def say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


def _line(description: str, done: int, total: int | None, seconds: float, note: str) -> str:
    rate = done / seconds if seconds > 0 else 0.0
    of = f"/{total}" if total is not None else ""
    left = f", {(total - done) / rate:.0f} s left" if total and rate and done < total else ""
    return f"{description}: {done}{of}, {rate:.1f}/s{left}" + (f", {note}" if note else "")
