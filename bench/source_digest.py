"""A digest of the parts of Vireo that decide its figures: a changed source is a new version."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import vireo

RANKING = ("behavior", "interest", "language", "understanding")
READING = ("language", "understanding")


def digest_of_sources(rooms: Sequence[str] = RANKING) -> str:
    """Twelve characters that change when a file of the rooms changes."""
    package = Path(vireo.__file__).parent
    digest = hashlib.sha256()
    for path in (path for room in rooms for path in sorted((package / room).rglob("*.py"))):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def version() -> str:
    """The version of Vireo with the digest of its sources."""
    return f"{vireo.__version__}+{digest_of_sources()}"
