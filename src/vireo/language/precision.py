"""Numeric precision of a network, by configuration and processor."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal

Precision = Literal["auto", "float32", "bfloat16", "int8"]
_FLAGS = re.compile(r"\bamx_bf16\b")
_CPU = Path("/proc/cpuinfo")


def resolved(requested: Precision) -> Literal["float32", "bfloat16", "int8"]:
    """`auto` becomes bfloat16 on processors with matrix units for it (AMX), float32 elsewhere.

    AVX-512 BF16 alone does not pay: long texts were no faster with it, and short ones slower.
    By the processor's own word and not by a stopwatch, so that a machine gives the same vectors
    on a busy day. It is read without loading torch: the fingerprint of a model needs it.
    """
    if requested != "auto":
        return requested
    return "bfloat16" if _has_units() else "float32"


@cache
def _has_units() -> bool:
    try:
        return _FLAGS.search(_CPU.read_text(encoding="ascii", errors="replace")) is not None
    except OSError:  # no Linux: nothing is known of the units
        return False
