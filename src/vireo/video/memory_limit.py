"""Memory limit for reading one file: allocations beyond it raise MemoryError."""

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
def memory_limit(megabytes: int) -> Iterator[None]:
    """The process may grow by this many MB inside the block; 0 for no limit.

    Limits the address space, not the memory in use: a header that claims a terabyte of pixels
    fails before a byte of it is written. Linux only; elsewhere there is no limit.
    """
    if not megabytes or resource is None or not _STATUS.exists():
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(_STATUS.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    limit = used + megabytes * 1_000_000
    _, hard = before
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
