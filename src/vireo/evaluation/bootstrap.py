"""Paired bootstrap: intervals of means over users, resampled equally in all columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vireo.arrays import Doubles, Ints

SAMPLES = 1000
LEVEL = 0.95
_CELLS = 8_000_000
"""Draws in memory at once."""


@dataclass(frozen=True)
class Estimate:
    """A mean over users with its 95% interval (without one for figures of the whole list set)."""

    mean: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.mean:.4f}"
        return f"{self.mean:.4f} ({self.low:.4f} to {self.high:.4f})"


@dataclass(frozen=True)
class BootstrapSample:
    """Whose the rows of values are. One row per user, unless several clocks were tried."""

    groups: Ints
    """(r,) the user of each row: rows of one user are drawn together."""
    weights: Doubles
    """(r,) how much a row counts: with several clocks, each clock counts the same in all."""

    @classmethod
    def plain(cls, users: int) -> BootstrapSample:
        return cls(np.arange(users), np.ones(users))

    @property
    def users(self) -> int:
        return int(self.groups.max(initial=-1)) + 1

    def mean(self, column: Doubles) -> float:
        """The weighted mean of the rows that have a value."""
        known = np.isfinite(column)
        return float(np.average(column[known], weights=self.weights[known]))


def resampled_means(
    values: Doubles, seed: int, samples: int = SAMPLES, sample: BootstrapSample | None = None
) -> Doubles:
    """Means of (r, m) values over users drawn with replacement; NaN is left out. (samples, m)

    The draw depends on the seed and the number of users alone, so two systems that are measured
    apart on the same users are still compared pair by pair (Efron and Tibshirani 1993).
    """
    sample = sample or BootstrapSample.plain(len(values))
    users = sample.users
    known = np.isfinite(values)
    weighted = np.where(known, values, 0.0) * sample.weights[:, None]
    present = known * sample.weights[:, None]
    plain = np.array_equal(sample.groups, np.arange(users))
    rng = np.random.default_rng(seed)
    chunk = max(1, min(samples, _CELLS // max(users, 1)))
    means = [np.zeros((0, values.shape[1]))]
    for start in range(0, samples if users else 0, chunk):
        size = min(chunk, samples - start)
        drawn = rng.integers(0, users, size=(size, users)) + users * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * users).reshape(size, users)
        rows = (counts if plain else counts[:, sample.groups]).astype(np.float64)
        whole = rows @ present
        means.append((rows @ weighted) / np.where(whole > 0, whole, np.nan))
    return np.concatenate(means)


def interval(means: Doubles, level: float = LEVEL) -> tuple[float, float]:
    """The middle `level` of the resampled means of one column. (samples,) -> (low, high)"""
    tail = (1.0 - level) / 2.0
    low, high = np.nanquantile(means, [tail, 1.0 - tail])
    return float(low), float(high)


def estimates_of_systems(
    systems: Mapping[str, Mapping[str, Doubles]], seed: int, sample: BootstrapSample
) -> dict[str, dict[str, Estimate]]:
    """Mean and interval of every column that has any value, with one draw for all systems."""
    spoken = [
        (system, metric, column)
        for system, columns in systems.items()
        for metric, column in columns.items()
        if np.isfinite(column).any()
    ]
    found: dict[str, dict[str, Estimate]] = {system: {} for system in systems}
    if spoken:
        means = resampled_means(np.column_stack([c for *_, c in spoken]), seed, sample=sample)
        for at, (system, metric, column) in enumerate(spoken):
            found[system][metric] = Estimate(sample.mean(column), *interval(means[:, at]))
    return found
