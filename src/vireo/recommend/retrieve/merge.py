"""Candidates of several retrievers -> one slate: the union, every source scored on all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from vireo.arrays import Floats, Ints
from vireo.recommend.base import Slate
from vireo.recommend.shelves import top


def merged(slate: Slate, columns: Mapping[str, Floats], chosen: list[Ints]) -> Slate:
    """Add the `chosen` rows to the slate, and the full columns (n,) by source.

    Sources that are already on the slate count 0 for rows that are new to it.
    """
    fresh = np.setdiff1d(np.concatenate(chosen), slate.videos) if chosen else slate.videos[:0]
    videos = np.concatenate([slate.videos, fresh]).astype(np.int64)
    kept = {
        name: np.concatenate([values, np.zeros(len(fresh), dtype=np.float32)])
        for name, values in slate.sources.items()
    }
    added = {name: values[videos] for name, values in columns.items()}
    return replace(slate, videos=videos, sources={**kept, **added}, scores=slate.scores[:0])


def best_of_each(columns: Mapping[str, Floats], count: int, allowed: Ints) -> list[Ints]:
    """The `count` best allowed rows of every column; `allowed` (m,) are row numbers."""
    return [allowed[top(values[allowed], count)] for values in columns.values()]
