"""How sure a mean over users is: paired bootstrap, the same resampled users for every column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vireo.arrays import Doubles

SAMPLES = 1000
LEVEL = 0.95
_CHUNK = 50


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


def resampled_means(values: Doubles, seed: int, samples: int = SAMPLES) -> Doubles:
    """Means of (u, m) values over users drawn with replacement. (samples, m)

    The draw depends on the seed and the number of users alone, so two systems that are measured
    apart on the same users are still compared pair by pair (Efron and Tibshirani 1993).
    """
    users = len(values)
    rng = np.random.default_rng(seed)
    means = [np.zeros((0, values.shape[1]))]
    for start in range(0, samples if users else 0, _CHUNK):
        size = min(_CHUNK, samples - start)
        drawn = rng.integers(0, users, size=(size, users)) + users * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * users).reshape(size, users)
        means.append(counts @ values / users)
    return np.concatenate(means)


def interval(means: Doubles, level: float = LEVEL) -> tuple[float, float]:
    """The middle `level` of the resampled means of one column. (samples,) -> (low, high)"""
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return float(low), float(high)
