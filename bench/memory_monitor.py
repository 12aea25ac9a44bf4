"""What this process and its workers hold while something runs, looked at again and again."""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def watched() -> Iterator[dict[str, float]]:
    """The largest resident memory of this process's workers, all together, and of this one."""
    found = {"workers_mb": 0.0}
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.05):
            found["workers_mb"] = max(found["workers_mb"], _children_mb())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found["parent_mb"] = round(own, 1)
        found["workers_mb"] = round(found["workers_mb"], 1)


def _children_mb() -> float:
    pages = 0
    for task in Path("/proc/self/task").glob("*/children"):
        for child in task.read_text(encoding="ascii").split():
            try:
                statm = Path(f"/proc/{child}/statm").read_text(encoding="ascii")
            except OSError:
                continue
            pages += int(statm.split()[1])
    return pages * resource.getpagesize() / 1e6
