"""Event weights event by event in plain Python: an independent statement of the rules."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vireo.arrays import Doubles
from vireo.behavior.base import DAY, NO_TIME, BehaviorSection, History
from vireo.behavior.clean import MAX_REPEATS
from vireo.behavior.duration_bias import ALL
from vireo.behavior.weights import (
    MIN_AGE,
    MIN_RATING,
    QUICK_SECONDS,
    QUICK_SHARE,
    QUICK_WEIGHT,
    UNVALUED_RATING,
    event_weights,
)
from vireo.data.readers.event_types import event_word
from vireo.store.base import LiveEvent


@dataclass(frozen=True)
class _Event:
    """An event with what is known of its video."""

    video: int
    word: str
    time: int
    """NO_TIME where it is not known."""
    duration: float
    """Seconds; 0 where it is not known."""
    event: LiveEvent

    @property
    def possible(self) -> bool:
        watched = self.event.watch_seconds
        if watched is None:
            return True
        most = MAX_REPEATS * self.duration if self.duration else math.inf
        return math.isfinite(watched) and 0 <= watched <= most

    @property
    def share(self) -> float | None:
        watched = self.event.watch_seconds
        return watched / self.duration if self.duration and watched is not None else None

    @property
    def given_up(self) -> bool:
        """Left at once; half a second of a one-second clip is not."""
        watched, share = self.event.watch_seconds, self.share
        if share is not None and share < QUICK_SHARE:
            return True
        return watched is not None and watched < QUICK_SECONDS and (share or 0.0) < 0.5


@dataclass(frozen=True)
class PlainWeighting:
    """The scales of a build, by which later events are weighed."""

    section: BehaviorSection
    now: int
    """ms; NO_TIME: no event of the build has a time, so nothing ages."""
    rating_max: float | None
    usual: Mapping[str, float]
    """Shares watched by class of lengths (durations.py)."""
    durations: Doubles
    """Seconds, of every video; NaN where not known. (n,)"""

    def history(self, events: Iterable[LiveEvent], row_of: Callable[[str], int | None]) -> History:
        """One viewer's events, in the order in which they came, as a history."""
        seen = [
            self._event(event, row)
            for event in events
            if (row := row_of(event.video_id)) is not None
        ]
        # The timeless, whose time is below 0, stand first; equal times stay in their order.
        possible = sorted((one for one in seen if one.possible), key=lambda one: one.time)
        kept = self._of_a_person(self._without_repeats(possible))
        highest = self.rating_max or _highest_rating(seen)
        weighed = [(one, weight) for one in kept if (weight := self._weight(one, highest))]
        if not weighed:
            return History.empty()
        return History(
            np.array([one.video for one, _ in weighed], dtype=np.int64),
            np.array([weight for _, weight in weighed], dtype=np.float32),
            np.array([one.time for one, _ in weighed], dtype=np.int64),
        )

    def _event(self, event: LiveEvent, row: int) -> _Event:
        word = event_word(event.event).strip().lower()
        time = event.timestamp if event.timestamp >= 0 else NO_TIME
        duration = float(self.durations[row])
        return _Event(row, word, time, duration if duration > 0 else 0.0, event)

    def _without_repeats(self, seen: list[_Event]) -> list[_Event]:
        """Soon after the same event with the same video, or, without times, wholly equal."""
        window = int(self.section.duplicate_seconds * 1000)
        last: dict[tuple[int, str], int] = {}
        equal: set[tuple[object, ...]] = set()
        kept = []
        for one in seen:
            key = (one.video, one.word)
            if one.time == NO_TIME:
                event = one.event
                row = (*key, event.value, event.watch_seconds, event.session_id)
                repeated = row in equal
                equal.add(row)
            else:
                repeated = key in last and one.time - last[key] <= window
                last[key] = one.time
            if not repeated:
                kept.append(one)
        return kept

    def _of_a_person(self, seen: list[_Event]) -> list[_Event]:
        """Nothing of whom a day holds more than a person does."""
        days = Counter(one.time // DAY for one in seen if one.time != NO_TIME)
        return [] if max(days.values(), default=0) > self.section.max_events_per_day else seen

    def _weight(self, one: _Event, highest: float) -> float:
        """0 for what says nothing."""
        base = self._words.get(one.word, 0.0)
        if one.word == "view":
            base = self._of_a_view(base, one)
        elif one.word == "rating":
            base *= _of_a_rating(one.event.value, highest)
        return base * self._of_its_age(one.time)

    def _of_a_view(self, base: float, one: _Event) -> float:
        if base > 0 and one.given_up:
            return base * QUICK_WEIGHT
        share = one.share
        if share is None:
            return base
        return base * min(max(share * self._factor(one.duration), 0.0), 1.0)

    def _factor(self, duration: float) -> float:
        if not self._factors:
            return 1.0
        return self._factors.get(str(math.floor(math.log(duration, 2))), 1.0)

    def _of_its_age(self, time: int) -> float:
        half_life = self.section.half_life_days
        if half_life <= 0 or self.now == NO_TIME or time == NO_TIME:
            return 1.0
        half_lives = max(self.now - time, 0) / (half_life * DAY)
        return max(math.pow(0.5, half_lives), MIN_AGE)

    @cached_property
    def _words(self) -> dict[str, float]:
        return event_weights(self.section)

    @cached_property
    def _factors(self) -> dict[str, float]:
        """Class of lengths -> what its shares are multiplied by (see `corrected`)."""
        usual = self.usual
        return {length: usual[ALL] / mean for length, mean in usual.items() if length != ALL}


def _highest_rating(seen: list[_Event]) -> float:
    """Where the build knows of no ratings, the viewer's own tell the scale; 0: these neither."""
    values = [one.event.value for one in seen if one.word == "rating"]
    return max((v for v in values if v is not None and math.isfinite(v)), default=0.0)


def _of_a_rating(value: float | None, highest: float) -> float:
    if highest <= 0 or value is None or not math.isfinite(value):
        return UNVALUED_RATING
    return min(max(value / highest, MIN_RATING), 1.0)
