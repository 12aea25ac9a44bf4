"""Events of all users in the generated world, in order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.random import Generator

from vireo.arrays import Doubles
from vireo.demo.base import DAYS, DemoUser, Event, Film, normalized
from vireo.demo.vocabulary import LUKEWARM, vocabulary

MINUTE = 1 / (24 * 60)
CURIOSITY = 0.015
"""Interest in topics outside a user's tastes."""


def live(seed: int, films: Sequence[Film], viewers: Sequence[DemoUser]) -> list[Event]:
    """Events of all users in DAYS days; fresh films have none."""
    public = [film for film in films if not film.fresh]
    days = []
    for n, viewer in enumerate(viewers):
        rng = np.random.default_rng([seed, 3, n])
        life = list(_life(rng, viewer, public))
        if viewer.views < 3:  # a cold-start user: one or two views and no more
            life = [event for event in life if event.event == "view"][: viewer.views]
        days += life
    return sorted(days, key=lambda event: (event.day, event.user_id))


def _life(rng: Generator, viewer: DemoUser, films: list[Film]) -> Iterator[Event]:
    left = np.ones(len(films))
    for evening in _evenings(rng, viewer):
        day = evening
        for _ in range(int(rng.integers(1, 6))):
            chances = _chances(viewer, films, left, day)
            if day >= DAYS or not chances.any():
                break
            for chosen in _shown(rng, chances):
                yield Event(viewer.user_id, films[chosen].video_id, "impression", day)
            chosen = int(rng.choice(len(films), p=normalized(chances)))
            left[chosen] *= 0.04  # people seldom watch the same thing again
            events = list(_watch(rng, viewer, films[chosen], day))
            yield from events
            day += (films[chosen].seconds / 60 + float(rng.uniform(0.2, 3.0))) * MINUTE


def _evenings(rng: Generator, viewer: DemoUser) -> list[float]:
    """Starts of the sessions, in days after START, around the user's hour."""
    if not viewer.views:
        return []
    count = max(1, round(viewer.views / 3))
    days = np.sort(rng.choice(DAYS, min(count, DAYS), replace=False))
    hours = np.clip(viewer.hour + rng.normal(0, 0.8, len(days)), 0.1, 23.6)
    starts: list[float] = (days + hours / 24).tolist()
    return starts


def _chances(viewer: DemoUser, films: list[Film], left: Doubles, day: float) -> Doubles:
    """(films,) unnormalized choice probabilities: interest, popularity, recency."""
    chances = np.zeros(len(films))
    for n, film in enumerate(films):
        if film.born < day:
            news = 1.0 + 0.8 * np.exp(-(day - film.born) / 10)
            interest = CURIOSITY + viewer.taste(film.topic, day)
            chances[n] = interest * film.appeal**0.6 * news + 0.02 * film.appeal**1.6
    return chances * left


def _shown(rng: Generator, chances: Doubles) -> list[int]:
    """Row numbers of impressions without a view; mostly none."""
    if rng.random() > 0.3:
        return []
    likely = normalized(np.sqrt(chances))
    count = min(int(rng.integers(1, 4)), int((likely > 0).sum()))
    return [int(n) for n in rng.choice(len(chances), count, replace=False, p=likely)]


def _watch(rng: Generator, viewer: DemoUser, film: Film, day: float) -> Iterator[Event]:
    """A view and its reactions; watch time is longer for liked films."""
    interest = viewer.taste(film.topic, day)
    liked = rng.random() < min(0.93, 0.22 + 1.8 * interest)
    share = rng.uniform(0.7, 1.0) if liked else rng.beta(1.4, 5)
    seconds = max(0.2, round(float(share) * film.seconds, 1))
    who, what = viewer.user_id, film.video_id
    yield Event(who, what, "view", day, seconds)
    after = day + (seconds + 2) / 86_400
    if liked and rng.random() < 0.25 + 0.5 * viewer.talkative:
        yield Event(who, what, "like", after)
    if liked and rng.random() < 0.16 * viewer.talkative:
        yield Event(who, what, "share", after + 4 / 86_400)
    if not liked and rng.random() < 0.12:
        yield Event(who, what, "dislike", after)
    if rng.random() < (0.3 if liked else 0.04) * viewer.talkative:
        texts = vocabulary(film.topic).comments if liked else LUKEWARM
        yield Event(who, what, "comment", after + 25 / 86_400, text=str(rng.choice(texts)))
