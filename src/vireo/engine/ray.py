"""Ray engine: the work of `processes` on a Ray cluster, be it this machine alone or many.

An item that fails on one node is tried once on another and then rejected with its reason. Work that
was under way on a node that dies goes to the others; so a run ends as long as one node is left.
"""

from __future__ import annotations

import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

from vireo.engine.base import EngineSection, Item, Outcome, Value
from vireo.engine.pool import LOOK_AHEAD, WorkerPool, cannot_load, packed_function
from vireo.engine.ray_cluster import RayWorkerHandle, connected, processors
from vireo.errors import StageFailed

DEPTH = 2
"""Items sent to a worker at a time: while one is worked on, the next is there already."""
TRIES = 2
"""An item that fails so often, wherever, is rejected."""
LOSSES = 3
"""An item may be lost so often with its worker, which may be the machine's doing."""
LOOK_SECONDS = 2.0
"""How often the cluster is asked how many processors it has."""


class Ray:
    """Workers on all nodes of a cluster; those that come or go as it works are reckoned with."""

    elsewhere: ClassVar[bool] = True

    def __init__(self, section: EngineSection) -> None:
        self.section = section

    def map(
        self,
        function: Callable[[Item], Value],
        items: Sequence[Item],
        *,
        timeout: float | None = None,
    ) -> Iterator[Outcome[Value]]:
        """One Outcome per item, in order. Closing the iterator kills the work under way.

        Files that items name must lie where all nodes reach them under the same path. Raises
        MissingLibrary without Ray, StageFailed where no cluster answers or no worker can start.
        """
        packed = packed_function(function)
        if not len(items):
            return
        most = self.section.workers or sys.maxsize
        pool: _Spread[Item, Value] = _Spread(connected(self.section), packed, items, timeout, most)
        try:
            yield from pool.outcomes()
        finally:
            pool.end()


class _Spread(WorkerPool[Item, Value]):
    """The workers of one map, wherever they are."""

    def __init__(
        self, ray: Any, function: bytes, items: Sequence[Item], timeout: float | None, most: int
    ) -> None:
        """`most` workers, wherever there are so many processors."""
        super().__init__(function, items, timeout)
        self.ray = ray
        self.most = most
        self.places: list[RayWorkerHandle] = []
        self.again: deque[tuple[int, bytes]] = deque()
        """Items to be tried again, before any new one."""
        self.failed: dict[int, list[str]] = {}
        """Index -> the nodes where it failed."""
        self.notes: dict[int, list[str]] = {}
        self.losses: Counter[int] = Counter()
        self.size, self.looked, self.failed_starts = 0, -LOOK_SECONDS, 0

    def end(self) -> None:
        for place in self.places:
            place.end()

    def hire(self) -> None:
        if time.monotonic() - self.looked >= LOOK_SECONDS:
            self.size = min(self.most, processors(self.ray))
            self.looked = time.monotonic()
        in_hand = sum(len(place.in_hand) for place in self.places)
        left = in_hand + len(self.again) + len(self.items) - self.next_in
        wanted = min(self.size, left)
        for place in [p for p in self.places if not p.ready][: max(0, len(self.places) - wanted)]:
            self._leave(place)  # it waits for a processor that is gone
        while len(self.places) < wanted:
            self.places.append(RayWorkerHandle(self.ray, self.function))

    def feed(self) -> None:
        end = self.next_out + LOOK_AHEAD * max(self.size, 1)
        for depth in range(DEPTH):
            for place in self.places:
                if place.ready and len(place.in_hand) <= depth:
                    found = self._next_for(place, end)
                    if found is not None:
                        place.give(*found, self.timeout)

    def _next_for(self, place: RayWorkerHandle, end: int) -> tuple[int, bytes] | None:
        """An item that is to be tried again, if not on the same node, or a new one."""
        nodes = {other.node for other in self.places if other.ready}
        for _ in range(len(self.again)):
            index, packed = self.again.popleft()
            been = set(self.failed.get(index, ()))
            if place.node not in been or nodes <= been:
                return index, packed
            self.again.append((index, packed))
        return self.next_packed(end)

    def listen(self) -> None:
        awaited = {ref: place for place in self.places for ref in place.refs()}
        found: list[Any] = []
        if awaited:
            found, _ = self.ray.wait(list(awaited), timeout=LOOK_SECONDS / 2)
        else:
            time.sleep(LOOK_SECONDS / 10)
        for ref in found:
            self._hear(awaited[ref], ref)
        for place in [place for place in self.places if place.is_late()]:
            self._lost(place, "it does not answer")
        if not self.places and not self.size:
            raise StageFailed(
                "No node of the Ray cluster is left to work on.",
                "Start one (`ray start --address=...`) and type the same again: what was finished"
                " is kept.",
            )

    def _hear(self, place: RayWorkerHandle, ref: Any) -> None:
        try:
            answer = self.ray.get(ref)
        except self.ray.exceptions.RayError as error:
            self._lost(place, " ".join(str(error).split(".")[0].split()))
            return
        if ref == place.starting:
            place.begin(answer)
            self.failed_starts = 0
            return
        index, packed = place.take(ref)
        word, content = answer
        if word == "broken":
            raise cannot_load(content)
        if word == "unready":
            self._failed_start(content)
            self.again.appendleft((index, packed))
        elif word == "done":
            self.keep(index, word, content)
            self._noted(index)
        else:
            self._failed(index, packed, place, word, content)

    def _failed(
        self,
        index: int,
        packed: bytes,
        place: RayWorkerHandle,
        kind: Literal["error", "timeout", "crash"],
        why: str,
    ) -> None:
        been = self.failed.setdefault(index, [])
        been.append(place.node)
        self.notes.setdefault(index, []).append(f"{kind} on {place.name}: {why}")
        if len(been) < TRIES:
            self.again.append((index, packed))
            return
        self.finish(index, kind, why)
        self._noted(index)

    def _lost(self, place: RayWorkerHandle, why: str) -> None:
        """The worker is gone; what it had in hand goes to the others."""
        self._leave(place)
        if not place.ready:
            self._failed_start(why)
        for index, packed in reversed(list(place.in_hand.values())):
            self.losses[index] += 1
            self.notes.setdefault(index, []).append(f"lost with a worker on {place.name}: {why}")
            if self.losses[index] < LOSSES:
                self.again.appendleft((index, packed))
            else:
                self.finish(index, "crash", f"its worker was lost {LOSSES} times: {why}")
                self._noted(index)

    def _leave(self, place: RayWorkerHandle) -> None:
        self.places.remove(place)
        place.end()
        self.looked = -LOOK_SECONDS  # the cluster may have changed

    def _noted(self, index: int) -> None:
        """What happened to an item on the way to its outcome."""
        notes = self.notes.pop(index, None)
        if notes:
            self.finished[index] = replace(self.finished[index], tries=tuple(notes))
        self.failed.pop(index, None)

    def _failed_start(self, why: str) -> None:
        self.failed_starts += 1
        if self.failed_starts > LOSSES + len(self.places):
            raise StageFailed(
                f"No worker can start on the Ray cluster: {why}.",
                "Every node needs the same Vireo; or set engine.name = 'processes'.",
            )
