"""Credible events -> weighted events: by event word, share watched, rating and age."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from vireo.behavior.base import DAY, DEFAULT_WEIGHTS, BehaviorSection
from vireo.behavior.duration_bias import corrected

QUICK_SECONDS = 1.0
QUICK_SHARE = 0.05
QUICK_WEIGHT = -0.1
"""A view that is given up at once speaks, softly, against the video."""
FAINTEST_RATING = 0.1
"""Even the lowest rating is evidence of watching, so it stays above 0."""
UNVALUED_RATING = 0.5
"""A rating whose value is not known."""
FAINTEST_AGE = 1e-6
"""Decay never reaches 0: float32 would turn an old wish into no wish."""


def event_weights(section: BehaviorSection) -> dict[str, float]:
    """Event word -> weight: the defaults, and over them the user's own words."""
    own = {word.strip().lower(): weight for word, weight in section.weights.items()}
    return {**DEFAULT_WEIGHTS, **own}


def highest_rating(events: pl.DataFrame) -> float | None:
    """The highest finite rating among the events; None without one above 0."""
    values = events.filter((pl.col("event") == "rating") & pl.col("value").is_finite())["value"]
    highest = values.max()
    return float(highest) if isinstance(highest, (int, float)) and highest > 0 else None


def add_weights(
    events: pl.DataFrame,
    section: BehaviorSection,
    now: int | None,
    rating_max: float | None,
    usual: Mapping[str, float] = {},
) -> pl.DataFrame:
    """The events with a column `weight`: null for a word without one, 0 for one to be dropped.

    `now` (ms) is the moment from which age is counted: the last known event, never the wall
    clock, so that the same events give the same weights tomorrow. `usual` are the shares watched
    by class of lengths (durations.py), if lengths are to be made alike.
    """
    words = event_weights(section)
    base = pl.col("event").replace_strict(
        list(words), list(words.values()), default=None, return_dtype=pl.Float64
    )
    weight = (
        pl.when(pl.col("event") == "view")
        .then(_view(base, usual))
        .when(pl.col("event") == "rating")
        .then(base * _rating(rating_max))
        .otherwise(base)
    )
    return events.with_columns(weight=weight * _age(section.half_life_days, now))


def _view(base: pl.Expr, usual: Mapping[str, float]) -> pl.Expr:
    watched, duration = pl.col("watch_seconds"), pl.col("duration")
    share = pl.when(duration > 0).then(watched / duration)
    # half a second of a one-second clip is no quick skip
    quick = (share < QUICK_SHARE) | ((watched < QUICK_SECONDS) & (share.fill_null(0.0) < 0.5))
    given_up = quick.fill_null(value=False) & (base > 0)
    scaled = base * corrected(share, usual).clip(0.0, 1.0).fill_null(1.0)
    return pl.when(given_up).then(base * QUICK_WEIGHT).otherwise(scaled)


def _rating(rating_max: float | None) -> pl.Expr:
    if rating_max is None:
        return pl.lit(UNVALUED_RATING)
    value = pl.when(pl.col("value").is_finite()).then(pl.col("value"))
    return (value / rating_max).clip(FAINTEST_RATING, 1.0).fill_null(UNVALUED_RATING)


def _age(half_life_days: float, now: int | None) -> pl.Expr:
    if half_life_days <= 0 or now is None:
        return pl.lit(1.0)
    half_lives = (now - pl.col("timestamp")).clip(lower_bound=0) / (half_life_days * DAY)
    # an event without a time does not age: nothing says that it is old
    return pl.lit(0.5).pow(half_lives).clip(FAINTEST_AGE, 1.0).fill_null(1.0)
