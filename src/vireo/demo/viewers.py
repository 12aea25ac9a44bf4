"""Users of the world: drifting tastes, activity, session times."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from vireo.demo.base import DemoUser
from vireo.demo.vocabulary import COLD_START_USER, NAMES, TOPICS

HOURS = (7.5, 12.5, 20.5, 20.5, 21.5, 23.0)
"""Hours of the day at which users watch."""
GUIDES = {"ana": {"cooking": 0.55, "gardening": 0.45}, "ben": {"astronomy": 0.55, "trains": 0.45}}
"""Constant tastes of the two example users."""


def plan_viewers(seed: int, count: int) -> tuple[DemoUser, ...]:
    """`count` users; the last one, COLD_START_USER, has no events."""
    rng = np.random.default_rng([seed, 2])
    names = [*NAMES, *(f"user-{n:03d}" for n in range(len(NAMES) + 1, count))][: count - 1]
    newish = set(rng.choice(np.arange(2, count - 1), max(1, count // 60), replace=False).tolist())
    viewers = []
    for n, name in enumerate(names):
        views = int(np.clip(rng.lognormal(2.75, 0.6), 4, 60))
        views = int(rng.integers(1, 3)) if n in newish else views
        tastes = (GUIDES[name],) * 2 if name in GUIDES else _tastes(rng)
        viewers.append(_viewer(rng, name, tastes, 18 if name in GUIDES else views))
    nothing: dict[str, float] = {}
    return (*viewers, _viewer(rng, COLD_START_USER, (nothing, nothing), 0))


def _viewer(
    rng: Generator, name: str, tastes: tuple[dict[str, float], dict[str, float]], views: int
) -> DemoUser:
    hour = float(rng.choice(HOURS) + rng.normal(0, 0.7))
    return DemoUser(name, tastes, views, hour, talkative=float(rng.beta(2, 3)))


def _tastes(rng: Generator) -> tuple[dict[str, float], dict[str, float]]:
    """One to three favorite topics; a third of the users replace one of them over time."""
    count = int(rng.choice([1, 2, 3], p=[0.3, 0.45, 0.25]))
    first = rng.choice(TOPICS, count, replace=False).tolist()
    weights = np.sort(rng.dirichlet(np.full(count, 4.0)))[::-1].tolist()
    last = list(first)
    if rng.random() < 0.35:
        others = [topic for topic in TOPICS if topic not in first]
        last[-1] = str(rng.choice(others))
    return dict(zip(first, weights, strict=True)), dict(zip(last, weights, strict=True))
