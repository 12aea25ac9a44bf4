"""Progress of long work: a bar on a terminal, plain lines elsewhere, silence in a library."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Tick = Callable[..., None]
"""tick(n=1, note=""): n more items are done; the note is a short figure, such as a loss."""


class Progress(Protocol):
    """Where long work reports how far it is."""

    def task(self, what: str, total: int | None) -> AbstractContextManager[Tick]: ...

    def say(self, line: str) -> None: ...


class NullProgress:
    """Says nothing: the default of the Python API."""

    @contextmanager
    def task(self, what: str, total: int | None) -> Iterator[Tick]:
        yield lambda n=1, note="": None

    def say(self, line: str) -> None:
        return None


class LogProgress:
    """Plain lines on standard error, at most one every few seconds, for logs and pipes."""

    def __init__(self, every_seconds: float = 5.0) -> None:
        self._every = every_seconds

    @contextmanager
    def task(self, what: str, total: int | None) -> Iterator[Tick]:
        start = last = time.monotonic()
        done = 0

        def tick(n: int = 1, note: str = "") -> None:
            nonlocal done, last
            done += n
            now = time.monotonic()
            if now - last >= self._every:
                last = now
                self.say(_line(what, done, total, now - start, note))

        yield tick
        if time.monotonic() - start >= self._every:
            self.say(_line(what, done, total, time.monotonic() - start, "done"))

    def say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


def _line(what: str, done: int, total: int | None, seconds: float, note: str) -> str:
    rate = done / seconds if seconds > 0 else 0.0
    of = f"/{total}" if total is not None else ""
    left = f", {(total - done) / rate:.0f} s left" if total and rate and done < total else ""
    return f"{what}: {done}{of}, {rate:.1f}/s{left}" + (f", {note}" if note else "")
