"""Trends: distinct users per video among the live events since the build."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vireo.arrays import Ints
from vireo.behavior.base import DAY, History
from vireo.data.readers.event_types import event_word
from vireo.serving.snapshot import Snapshot
from vireo.store.base import LiveEvent, Store

HOUR = 3_600_000
"""Milliseconds."""


class Trends:
    """Follows the store's events; nothing is counted of viewers who are forgotten."""

    def __init__(
        self, store: Store, words: Mapping[str, float], recent_days: float, min_people: int
    ) -> None:
        self._store = store
        self._least = min_people
        self._positive_types = {word for word, weight in words.items() if weight > 0}
        self._recent = int(recent_days * DAY)
        self._begin(0)

    def _begin(self, after: int) -> None:
        self._start = self._until = after
        self._generation = self._store.generation()
        self._moments: dict[str, dict[int, int]] = {}
        self._latest = 0
        self._added: dict[str, list[int]] = {}

    def follow(self, snapshot: Snapshot) -> bool:
        """Take in what came since; True if anything changed."""
        changed = False
        if snapshot.live_until != self._start or self._store.generation() != self._generation:
            self._begin(snapshot.live_until)
            changed = True
        for batch in self._store.events(self._until):
            for position, event in batch:
                self._until = position
                changed |= self._count(event, snapshot)
        return changed

    def _count(self, event: LiveEvent, snapshot: Snapshot) -> bool:
        if event_word(event.event.strip()) not in self._positive_types:
            return False
        viewers = self._moments.setdefault(event.video_id, {})
        viewer = hash(event.user_id)
        if viewer not in viewers:
            row = snapshot.catalogue.find(event.video_id)
            before = _watched(snapshot.histories.of(event.user_id), row)
            added = self._added.setdefault(event.video_id, [0, 0])
            added[0] += before is None
            added[1] += before is None or before < snapshot.histories.now - self._recent
        viewers[viewer] = max(event.timestamp, viewers.get(viewer, 0))
        self._latest = max(self._latest, event.timestamp)
        return True

    def counts(self, snapshot: Snapshot) -> tuple[Ints, Ints]:
        """Viewers ever and recent viewers of every video, the live ones added. -> (n,), (n,)"""
        viewers, recent = (
            snapshot.catalogue.user_counts.copy(),
            snapshot.catalogue.recent_counts.copy(),
        )
        for video_id, (ever, latest) in self._added.items():
            row = snapshot.catalogue.find(video_id)
            if row is not None:
                viewers[row] += ever
                recent[row] += latest
        return viewers, recent

    def now(self, hours: float, most: int) -> list[tuple[str, int]]:
        """(video id, viewers) of the last hours before the latest event, the most watched first.

        Time is counted from the events, not from this machine's clock, which may be wrong.
        """
        since = self._latest - int(hours * HOUR)
        counts = {
            video: sum(1 for moment in viewers.values() if moment >= since)
            for video, viewers in self._moments.items()
        }
        enough = [(video, count) for video, count in counts.items() if count >= self._least]
        return sorted(enough, key=lambda entry: (-entry[1], entry[0]))[:most]


def _watched(history: History, row: int | None) -> int | None:
    """Time of the user's last positive of the video in the build; None: never."""
    if row is None or not len(history):
        return None
    times = history.times[(history.videos == row) & (history.weights > 0)]
    return int(np.max(times)) if len(times) else None
