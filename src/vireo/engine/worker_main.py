"""One worker process: reads items from standard input, answers on standard output.

Workers are plain subprocesses and not `multiprocessing.Process`: the latter imports the user's
main script again in every child, so that a script without a `__main__` guard starts itself.
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
"""("ready", None), ("broken", why), ("done", packed value) or ("error", why)."""

BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from vireo.engine.worker_main import main; main()"
)
"""What the interpreter of a worker runs: the parent's import path, then `main`."""


def described(error: BaseException) -> str:
    """The error in one line, with its type where the text alone would not tell."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def pack(value: object) -> bytes:
    """The value as bytes for another process of the same program, never for a file."""
    return bytes(ForkingPickler.dumps(value))


def unpack(packed: bytes) -> Any:
    return ForkingPickler.loads(packed)


def send(pipe: BinaryIO, message: object) -> None:
    body = pack(message)
    pipe.write(struct.pack("<Q", len(body)))
    pipe.write(body)
    pipe.flush()


def receive(pipe: BinaryIO) -> Any:
    """The next message; raises EOFError when the other side is gone."""
    return unpack(_exactly(pipe, *struct.unpack("<Q", _exactly(pipe, 8))))


def _exactly(pipe: BinaryIO, size: int) -> bytes:
    body = pipe.read(size)
    if len(body) < size:
        raise EOFError
    return body


def main() -> None:
    """The life of a worker: take the function, then answer item after item."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    inbox, outbox = _private_pipes()
    jobs: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_listen, args=(inbox, jobs), daemon=True).start()
    try:
        function = unpack(jobs.get())
    except Exception as error:
        send(outbox, ("broken", described(error)))
        return
    send(outbox, ("ready", None))
    while True:
        packed, timeout = jobs.get()
        send(outbox, _answer(function, packed, timeout))


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes under new numbers, so that a stray print cannot break the protocol."""
    inbox, outbox = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    return inbox, outbox


def _listen(inbox: BinaryIO, jobs: SimpleQueue[Any]) -> None:
    """Hands on what the parent sends; when the parent dies, ends this process at once."""
    try:
        while True:
            jobs.put(receive(inbox))
    except (EOFError, OSError):
        os._exit(0)


def _answer(function: Callable[[Any], Any], packed: bytes, timeout: float | None) -> Reply:
    _alarm(timeout)
    try:
        return "done", pack(function(unpack(packed)))
    except Exception as error:
        return "error", described(error)
    finally:
        _alarm(None)


def _alarm(timeout: float | None) -> None:
    """The kernel ends a worker that is stuck in C code after its parent was killed."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, 2 * timeout + 10 if timeout else 0)
