"""Waiting for what a service does by itself."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST = 60.0
"""Seconds after which waiting is a failure; on a busy machine everything here takes one."""


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something that must come; fail, and say what did not."""
    end = time.monotonic() + LONGEST
    while not holds():
        assert time.monotonic() < end, f"in {LONGEST:.0f} seconds never: {what}"
        time.sleep(0.005)
