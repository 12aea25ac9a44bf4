"""Content vectors and publication dates -> frozen features for the content network."""

from __future__ import annotations

import numpy as np

from vireo.arrays import Bools, Doubles, Floats, Ints, unit_rows
from vireo.behavior.base import NO_TIME
from vireo.interest.base import Training

MAX_COMPONENTS = 128
"""Principal components of the content that are kept."""
DATE_BINS = 16
"""Bins along the quantiles of the publication date."""
DATE_WEIGHT = 0.3
"""Weight of the date in the dot product of two videos; the content's weight is 1."""


def features(training: Training) -> Floats:
    """(n, k): partly whitened content beside the date features.

    The content part of a row has norm 1, or 0 without content; the date part sqrt(DATE_WEIGHT),
    or 0 without a date.
    """
    content = _whitened(training.content, training.has_content)
    dates = np.sqrt(DATE_WEIGHT) * date_features(training.published)
    return np.hstack([content, dates]).astype(np.float32)


def date_features(published: Ints) -> Doubles:
    """Milliseconds or NO_TIME (n,) -> smooth bins of the date's quantile, unit rows (n, DATE_BINS).

    Zeros for an unknown date, and for all videos if their dates are equal.
    """
    dated = published != NO_TIME
    times = np.sort(published[dated])
    bins = np.zeros((len(published), DATE_BINS))
    if not dated.any() or times[0] == times[-1]:
        return bins
    # ties get their middle rank
    first = np.searchsorted(times, published[dated], side="left")
    last = np.searchsorted(times, published[dated], side="right")
    quantile = (first + last) / (2.0 * len(times))
    bumps = np.exp(-0.5 * (DATE_BINS * quantile[:, None] - 0.5 - np.arange(DATE_BINS)) ** 2)
    bins[dated] = unit_rows(bumps - bumps.mean(axis=0))
    return bins


def _whitened(content: Floats, has_content: Bools) -> Floats:
    """(n, d) -> principal components over the fourth root of their variance, unit rows (n, k).

    k is at most MAX_COMPONENTS. Rows without content are 0.
    """
    if has_content.sum() < 2:
        return np.zeros((len(content), 0), dtype=np.float32)
    centered = content.astype(np.float64) - content[has_content].mean(axis=0, dtype=np.float64)
    centered *= has_content[:, None]
    variances, axes = np.linalg.eigh(centered.T @ centered / has_content.sum())
    smallest = 1e-9 * max(float(variances[-1]), 1e-30)
    kept = np.flatnonzero(variances > smallest)[::-1][:MAX_COMPONENTS]
    axes = axes[:, kept]
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(len(kept))]
    scaled = centered @ (axes * np.sign(largest)) / variances[kept] ** 0.25
    return unit_rows(scaled.astype(np.float32))
