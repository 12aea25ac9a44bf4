"""Event weights: type, watch ratio or rating, and decay with age."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vireo.arrays import Doubles
from vireo.behavior.base import DAY, DEFAULT_WEIGHTS, NO_TIME, BehaviorSection
from vireo.behavior.duration_bias import corrected
from vireo.behavior.event_arrays import EventArrays

QUICK_SECONDS = 1.0
QUICK_SHARE = 0.05
QUICK_WEIGHT = -0.1
"""Factor of an abandoned view: weak negative feedback."""
MIN_RATING = 0.1
"""Lowest factor of a rating, which is still evidence of watching."""
UNVALUED_RATING = 0.5
"""Factor of a rating without a value."""
MIN_AGE = 1e-6
"""Lowest decay factor: 0 would drop the event."""


def event_weights(section: BehaviorSection) -> dict[str, float]:
    """Weight by event type: the defaults, overridden by the settings."""
    own = {name.strip().lower(): weight for name, weight in section.weights.items()}
    return {**DEFAULT_WEIGHTS, **own}


def highest_rating(events: EventArrays) -> float | None:
    """The highest finite rating; None without one above 0."""
    values = events.value[events.of_type("rating")]
    values = values[np.isfinite(values)]
    return float(values.max()) if len(values) and values.max() > 0 else None


def weights_of(
    events: EventArrays,
    section: BehaviorSection,
    now: int | None,
    rating_max: float | None,
    usual: Mapping[str, float] = {},
) -> Doubles:
    """(e,) weight of each event; NaN for a type without a weight, 0 for an event to drop.

    `now` (ms) is the last event, not the wall clock, so that weights are reproducible. `usual`:
    mean watch ratios by duration class (`duration_bias.py`).
    """
    known = event_weights(section)
    by_type = np.array([known.get(name, np.nan) for name in events.types], dtype=np.float64)
    base = by_type[events.type] if len(events) else np.zeros(0)
    weights = base * _age(events, section.half_life_days, now)
    for name, factor in (("view", _view(events, base, usual)), ("rating", None)):
        rows = np.flatnonzero(events.of_type(name))
        if len(rows):
            own = _rating(events, rating_max) if factor is None else factor
            weights[rows] *= own[rows]
    return weights


def _view(events: EventArrays, base: Doubles, usual: Mapping[str, float]) -> Doubles:
    """(e,) factor of a view."""
    watched, duration = events.watch_seconds, events.duration
    share = np.full(len(events), np.nan)
    np.divide(watched, duration, out=share, where=duration > 0)
    # Half a second of a one-second clip is not abandoned.
    short = (watched < QUICK_SECONDS) & (np.nan_to_num(share, nan=0.0) < 0.5)
    left = ((share < QUICK_SHARE) | short) & (base > 0)
    factor = np.clip(corrected(share, duration, usual), 0.0, 1.0)
    factor[np.isnan(factor)] = 1.0
    factor[left] = QUICK_WEIGHT
    return factor


def _rating(events: EventArrays, rating_max: float | None) -> Doubles:
    """(e,) factor of a rating."""
    factor = np.full(len(events), UNVALUED_RATING)
    if rating_max is not None and rating_max > 0:
        valued = np.isfinite(events.value)
        factor[valued] = np.clip(events.value[valued] / rating_max, MIN_RATING, 1.0)
    return factor


def _age(events: EventArrays, half_life_days: float, now: int | None) -> Doubles:
    """(e,) factor of age; 1 for an event without a time."""
    factor = np.ones(len(events))
    if half_life_days <= 0 or now is None or now == NO_TIME:
        return factor
    timed = events.time != NO_TIME
    half_lives = np.maximum(now - events.time[timed], 0) / (half_life_days * DAY)
    factor[timed] = np.clip(np.power(0.5, half_lives), MIN_AGE, 1.0)
    return factor
