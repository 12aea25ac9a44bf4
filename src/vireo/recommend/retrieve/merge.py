"""Union of candidates: every source scores all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from vireo.arrays import Floats, Ints, distinct
from vireo.recommend.base import Slate

Score = Callable[[Ints], Mapping[str, Floats]]
"""Rows (m,) -> their scores by source, (m,) each."""


def scored(slate: Slate, score: Score, chosen: list[Ints]) -> Slate:
    """Add `chosen` rows, and sources of `score` for all rows; older sources give new rows 0."""
    fresh = distinct(np.concatenate(chosen)) if chosen else slate.videos[:0]
    if len(slate.videos) and len(fresh):
        fresh = np.setdiff1d(fresh, slate.videos, assume_unique=True)
    videos = np.concatenate([slate.videos, fresh]).astype(np.int64)
    kept = {
        name: np.concatenate([values, np.zeros(len(fresh), dtype=np.float32)])
        for name, values in slate.sources.items()
    }
    sources = {**kept, **score(videos)}
    return slate.replace(videos=videos, sources=sources, scores=slate.scores[:0])


def merged(slate: Slate, columns: Mapping[str, Floats], chosen: list[Ints]) -> Slate:
    """`scored` with full columns (n,) by source."""
    return scored(slate, lambda rows: {n: values[rows] for n, values in columns.items()}, chosen)
