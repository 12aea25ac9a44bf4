"""Correction of the duration bias of watch ratios.

Short videos are watched to their end more often than long ones, whatever the interest, so a watch
ratio is compared with the mean of videos of that duration (Zhan et al. 2022, arXiv:2206.06003, who
compare with quantiles; a mean needs fewer views).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vireo.arrays import Doubles, Ints
from vireo.behavior.event_arrays import EventArrays

MIN_VIEWS = 50
"""Views that a duration class must have; ratios of smaller classes are left as they are."""
ALL = "all"
_NO_CLASS = -(10**6)


def duration_class(duration: Doubles) -> Ints:
    """(e,) octave of the duration: 8 to 16 seconds are class 3."""
    octave = np.full(len(duration), _NO_CLASS, dtype=np.int64)
    known = duration > 0
    octave[known] = np.floor(np.log2(duration[known])).astype(np.int64)
    return octave


def usual_shares(events: EventArrays) -> dict[str, float]:
    """Mean watch ratio by duration class and of all views; empty with too few views."""
    views = events.of_type("view") & (events.duration > 0) & ~np.isnan(events.watch_seconds)
    share = np.clip(events.watch_seconds[views] / events.duration[views], 0.0, 1.0)
    classes, place, counts = np.unique(
        duration_class(events.duration[views]), return_inverse=True, return_counts=True
    )
    means = np.bincount(place, weights=share, minlength=len(classes)) / np.maximum(counts, 1)
    usual = {
        str(name): float(mean)
        for name, mean, count in zip(classes.tolist(), means, counts, strict=True)
        if count >= MIN_VIEWS and mean > 0
    }
    return {ALL: float(share.mean()), **usual} if usual else {}


def corrected(share: Doubles, duration: Doubles, usual: Mapping[str, float]) -> Doubles:
    """(e,) ratios corrected for duration: all durations have one mean."""
    factors = {int(name): usual[ALL] / mean for name, mean in usual.items() if name != ALL}
    if not factors:
        return share
    classes, place = np.unique(duration_class(duration), return_inverse=True)
    by_class = np.array([factors.get(int(name), 1.0) for name in classes])
    return share * by_class[place] if len(classes) else share
