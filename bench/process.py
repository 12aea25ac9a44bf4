"""One command in a process of its own: its time, its memory with all its children, its end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_EVERY_SECONDS = 0.1
_PROC = Path("/proc")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    seconds: float
    peak_rss_mb: float
    """The largest sum of resident memory over the process and its children that was seen."""
    stopped: str = ""
    """Why it was killed, if it was."""


def run(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    out: Path,
    error: Path,
    most_seconds: float,
    most_mb: float,
) -> Ended:
    """Run to its end, or kill it and all its children at a limit. Output goes to the two files."""
    start = time.monotonic()
    peak, stopped = 0.0, ""
    with out.open("wb") as stdout, error.open("wb") as stderr:
        process = subprocess.Popen(
            list(arguments),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=dict(environment),
            start_new_session=True,  # so that its children can be killed with it
        )
        try:
            while process.poll() is None:
                peak = max(peak, tree_mb(process.pid))
                stopped = _limit(time.monotonic() - start, peak, most_seconds, most_mb)
                if stopped:
                    break
                time.sleep(_EVERY_SECONDS)
        finally:
            _kill(process)
    return Ended(process.returncode, time.monotonic() - start, round(peak, 1), stopped)


def _limit(seconds: float, megabytes: float, most_seconds: float, most_mb: float) -> str:
    if seconds > most_seconds:
        return f"stopped after {most_seconds:.0f} seconds"
    if megabytes > most_mb:
        return f"stopped at {megabytes:.0f} MB of memory, {most_mb:.0f} MB are allowed"
    return ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # children too, and what outlived the parent
    process.wait()


def tree_mb(root: int) -> float:
    """Resident megabytes of a process and its children; 0 where /proc does not tell.

    A lone process counts with its own high-water mark, which no sampling can miss.
    """
    family = _family(root)
    now = sum(_status(pid).get("VmRSS", 0.0) for pid in family)
    highest = max((_status(pid).get("VmHWM", 0.0) for pid in family), default=0.0)
    return max(now, highest)


def _family(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    family, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        family.append(pid)
        waiting += children.get(pid, [])
    return family


def _parents() -> Iterator[tuple[int, int]]:
    if not _PROC.is_dir():
        return
    for path in _PROC.iterdir():
        if path.name.isdigit():
            try:
                # the name in brackets may hold anything, so fields are counted after it
                fields = (path / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            yield int(path.name), int(fields[1])


def _status(pid: int) -> dict[str, float]:
    """VmRSS and VmHWM in megabytes."""
    try:
        lines = (_PROC / str(pid) / "status").read_text(errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.split(":", 1) for line in lines if line.startswith(("VmRSS:", "VmHWM:")))
    return {name: float(value.split()[0]) / 1024.0 for name, value in pairs}
