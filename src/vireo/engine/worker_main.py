"""Main loop of a worker process: reads items from standard input, replies on standard output.

Workers are plain subprocesses and not `multiprocessing.Process`: the latter imports the user's
main script again in every child, so that a script without a `__main__` guard starts itself.
Each worker has pipes of its own, so a worker that dies while it replies breaks no other's stream.
"""

from __future__ import annotations

import os
import signal
import struct
import sys
import threading
from collections.abc import Callable
from multiprocessing.reduction import ForkingPickler
from queue import SimpleQueue
from typing import Any, BinaryIO

Reply = tuple[str, Any]
"""Status and content: ("ready", None), ("broken", reason), ("done", serialized value) or
("error", reason)."""

BOOTSTRAP = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from vireo.engine.worker_main import main; main()"
)
"""Code that the interpreter of a worker runs: the parent's import path, then `main`."""


def error_line(error: BaseException) -> str:
    """Type and message of an error in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def serialize(value: object) -> bytes:
    """The value as bytes for another process of this program, never for a file."""
    return bytes(ForkingPickler.dumps(value))


def deserialize(payload: bytes) -> Any:
    """Inverse of `serialize`; only for bytes from a process that this program started."""
    return ForkingPickler.loads(payload)


def send(pipe: BinaryIO, message: object) -> None:
    """Write one message: its length in 8 bytes, then its bytes."""
    body = serialize(message)
    pipe.write(struct.pack("<Q", len(body)))
    pipe.write(body)
    pipe.flush()


def receive(pipe: BinaryIO) -> Any:
    """The next message; raises EOFError when the other side is gone."""
    return deserialize(_read_exactly(pipe, *struct.unpack("<Q", _read_exactly(pipe, 8))))


def _read_exactly(pipe: BinaryIO, size: int) -> bytes:
    body = pipe.read(size)
    if len(body) < size:
        raise EOFError
    return body


def main() -> None:
    """Load the function, then reply to one item after the other."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    requests, replies = _private_pipes()
    queue: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_read_requests, args=(requests, queue), daemon=True).start()
    try:
        function = deserialize(queue.get())
    except Exception as error:
        send(replies, ("broken", error_line(error)))
        return
    send(replies, ("ready", None))
    while True:
        payload, timeout = queue.get()
        send(replies, _run_item(function, payload, timeout))


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes under new numbers, so that a stray print cannot break the protocol."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    return requests, replies


def _read_requests(requests: BinaryIO, queue: SimpleQueue[Any]) -> None:
    """Queues the parent's messages; when the parent dies, ends this process at once."""
    try:
        while True:
            queue.put(receive(requests))
    except (EOFError, OSError):
        os._exit(0)


def _run_item(function: Callable[[Any], Any], payload: bytes, timeout: float | None) -> Reply:
    _set_alarm(timeout)
    try:
        return "done", serialize(function(deserialize(payload)))
    except Exception as error:
        return "error", error_line(error)
    finally:
        _set_alarm(None)


def _set_alarm(timeout: float | None) -> None:
    """The kernel ends a worker that is stuck in C code after its parent was killed."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, 2 * timeout + 10 if timeout else 0)
