"""Random numbers seeded by user, session and page."""

from __future__ import annotations

import hashlib

import numpy as np

from vireo.recommend.base import Query


def seeded_uniform(purpose: str, query: Query) -> np.random.Generator:
    """Generator for one purpose of one list."""
    text = "\x1f".join([purpose, query.user_id or "", query.session, str(query.page)])
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))


def rounded(share: float, random: np.random.Generator) -> int:
    """A whole number whose mean over many draws is the share."""
    whole = int(share)
    return whole + int(random.random() < share - whole)
