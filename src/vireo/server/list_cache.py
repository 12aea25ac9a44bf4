"""Cache of recent lists, valid until the user or the models change."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable

from vireo.recommend.recommender import Picks
from vireo.server.live_state import ServingState
from vireo.store.base import UserState


class ListCache:
    """The latest lists by everything that they depend on; the least used leave first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Picks] = OrderedDict()
        self._turn = threading.Lock()
        self.hits = 0
        self.misses = 0

    def get(self, key: Hashable) -> Picks | None:
        with self._turn:
            found = self._kept.get(key)
            if found is None:
                self.misses += 1
                return None
            self.hits += 1
            self._kept.move_to_end(key)
            return found

    def lacks(self, key: Hashable) -> bool:
        """Whether the list would have to be made."""
        return key not in self._kept

    def put(self, key: Hashable, picks: Picks) -> None:
        if self._most < 1:
            return
        with self._turn:
            self._kept[key] = picks
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        with self._turn:
            self._kept.clear()


def cache_key(now: ServingState, user_id: str, standing: UserState) -> tuple[object, ...]:
    """Everything but the question that a list depends on."""
    last = standing.events[-1].event_id if standing.events else ""
    # Trends change cold-start lists only.
    cold_start = not standing.events and not len(now.served.snapshot.histories.of(user_id))
    trend = now.counts if cold_start else 0
    choices = repr(sorted(standing.choices.items()))
    state = (standing.attributes, standing.preferences, choices, standing.forgotten)
    # Windows and schedules open and close by the minute.
    return (user_id, now.models, trend, last, *state, int(time.time() // 60))
