"""What videos show, say and are dated -> frozen features for a network that reads content."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Bools, Doubles, Floats, Ints, unit_rows
from vireo.behavior.base import NO_TIME
from vireo.interest.base import Training

WIDEST = 128
"""Directions of the content space that are kept."""
AGES = 16
"""Places along the order of publication."""
DATED = 0.3
"""How much the date counts in the nearness of two videos, against 1 for the content."""


def features(training: Training) -> Floats:
    """(n, k) rows of length 1 or 0: content centred, its directions evened out by the root of
    their spread and reduced to the widest, beside the place in the order of publication."""
    content = _evened(training.content, training.has_content)
    return np.hstack([content, np.sqrt(DATED) * ages(training.published)]).astype(np.float32)


def ages(published: Ints) -> Doubles:
    """(n,) moments, or NO_TIME -> (n, AGES) smooth places among all that are dated, of length 1;
    zeros where nobody knows, or where all are of one moment."""
    dated = published != NO_TIME
    moments = np.sort(published[dated])
    places = np.zeros((len(published), AGES))
    if not dated.any() or moments[0] == moments[-1]:
        return places
    # of equals the middle one's place
    first = np.searchsorted(moments, published[dated], side="left")
    last = np.searchsorted(moments, published[dated], side="right")
    rank = (first + last) / (2.0 * len(moments))
    bumps = np.exp(-0.5 * (AGES * rank[:, None] - 0.5 - np.arange(AGES)) ** 2)
    places[dated] = unit_rows(bumps - bumps.mean(axis=0))
    return places


def _evened(content: Floats, present: Bools) -> Floats:
    """(n, d) -> (n, at most WIDEST) of length 1; zeros where there is no content."""
    if present.sum() < 2:
        return np.zeros((len(content), 0), dtype=np.float32)
    wide = content.astype(np.float64) - content[present].mean(axis=0, dtype=np.float64)
    wide *= present[:, None]
    spread, axes = np.linalg.eigh(wide.T @ wide / present.sum())
    kept = np.flatnonzero(spread > 1e-9 * max(float(spread[-1]), 1e-30))[::-1][:WIDEST]
    axes = axes[:, kept]
    strongest = axes[np.abs(axes).argmax(axis=0), np.arange(len(kept))]
    return unit_rows((wide @ (axes * np.sign(strongest)) / spread[kept] ** 0.25).astype(np.float32))
