"""A limit on the memory that one file may take: beyond it, asking for more fails at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

_STATUS = Path("/proc/self/statm")


@contextmanager
def at_most(megabytes: int) -> Iterator[None]:
    """The process may grow by so many MB while it lasts; no limit for 0, or where there is none.

    Counts what is asked for (address space), not what is touched: a header that claims a picture
    of a terabyte is refused before a byte of it is written. Linux tells how much a process has;
    elsewhere no limit is set.
    """
    if not megabytes or resource is None or not _STATUS.exists():
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    has = int(_STATUS.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    limit = has + megabytes * 1_000_000
    _, hard = before
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
