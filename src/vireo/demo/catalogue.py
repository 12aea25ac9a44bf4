"""Films of the generated world, each with a topic that the tables do not name."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from vireo.demo.base import DAYS, Film
from vireo.demo.vocabulary import CREATORS, TOPICS, vocabulary


def plan_films(seed: int, count: int) -> tuple[Film, ...]:
    """`count` films, every topic equally often; ids and order say nothing about the topic."""
    rng = np.random.default_rng([seed, 1])
    topics = [TOPICS[n % len(TOPICS)] for n in rng.permutation(count)]
    numbers = np.sort(rng.choice(np.arange(101, 101 + 9 * count), count, replace=False)).tolist()
    houses = {topic: rng.choice(CREATORS, 2, replace=False).tolist() for topic in TOPICS}
    turns = {topic: rng.permutation(len(vocabulary(topic).films)).tolist() for topic in TOPICS}
    seen: Counter[str] = Counter()
    films = []
    for n, topic in enumerate(topics):
        part, place = divmod(seen[topic], len(turns[topic]))
        seen[topic] += 1
        title, about = vocabulary(topic).films[turns[topic][place]]
        title = f"{title} (part {part + 1})" if part else title
        film = _film(rng, topic, title, about, numbers[n])
        film = replace(film, creator=str(rng.choice(houses[topic])), sidecar=n % 2 == 0)
        films.append(replace(film, seed=(seed, numbers[n])))
    return _with_gaps(rng, films)


def _film(rng: Generator, topic: str, title: str, about: str, number: int) -> Film:
    words = vocabulary(topic)
    more = rng.choice(words.sentences, int(rng.integers(1, 3)), replace=False).tolist()
    return Film(
        video_id=f"v-{number:04d}",
        topic=topic,
        seconds=round(float(rng.uniform(4.2, 7.8)), 1),
        title=title,
        description=" ".join([about, *more]),
        tags=tuple(rng.choice(words.tags, int(rng.integers(3, 6)), replace=False).tolist()),
        creator="",
        dialogue=tuple(rng.choice(words.dialogue, int(rng.integers(3, 6)), replace=False).tolist()),
        sidecar=False,
        born=_birthday(rng),
        appeal=float(rng.lognormal(0.0, 0.9)),
        fresh=False,
        seed=(0, 0),
    )


def _birthday(rng: Generator) -> float:
    """Day of publication: half before the first event, half during the events."""
    return float(rng.uniform(-300, 0) if rng.random() < 0.5 else rng.uniform(0, DAYS - 8))


def _with_gaps(rng: Generator, films: list[Film]) -> tuple[Film, ...]:
    """Films with gaps: some new, some without description, a few without any text."""
    count = len(films)
    fresh = rng.choice(count, max(1, round(count / 9)), replace=False).tolist()
    watched = [n for n in range(count) if n not in fresh]
    # one film without text is new: only pictures and sound can recommend it
    mute = [*rng.choice(watched, max(1, round(count / 24)), replace=False).tolist(), fresh[0]]
    for n in rng.choice(count, max(1, round(count / 7)), replace=False).tolist():
        films[n] = replace(films[n], description="")
    for n in fresh:
        films[n] = replace(films[n], fresh=True, born=float(rng.uniform(DAYS - 2, DAYS)))
    for n in mute:
        title = f"clip {films[n].seed[1]:04d}"
        films[n] = replace(films[n], title=title, description="", tags=(), creator="", dialogue=())
    return tuple(films)
