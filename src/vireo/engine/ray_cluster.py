"""The cluster: how this process comes to it, how large it is, and one place for work on it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from vireo.engine.base import EngineSection
from vireo.engine.pool import cores
from vireo.engine.ray_worker import RayWorker
from vireo.engine.worker_process import START_SECONDS
from vireo.errors import MissingLibrary, StageFailed
from vireo.version import VERSION

GRACE = 60.0
"""Seconds beyond its time limit after which a worker that says nothing is given up."""
STORE = 256 * 2**20
"""Bytes of shared memory of a cluster that is started here: results pass through, and are small."""


def connected(section: EngineSection) -> Any:
    """The library, joined to the cluster of the settings; the one that is joined already stays."""
    # Ray counts its users by asking them to report over the network; nothing is reported from here.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise MissingLibrary(
            f"engine.name = 'ray' needs the library Ray: {error}.",
            "Type `pip install 'vireo-recommender[ray]'`, or set engine.name = 'processes'.",
        ) from None
    if ray.is_initialized():
        return ray
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
    if not section.address:
        count = section.workers or cores()
        ray.init(
            address="local",
            num_cpus=count,
            object_store_memory=STORE,
            include_dashboard=False,
            **quiet,
        )
        return ray
    try:
        ray.init(address=section.address, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise StageFailed(
            f"No Ray cluster answers at '{section.address}': {str(error).splitlines()[0]}",
            "Start one (`ray start --head`), or clear engine.address to work on this machine.",
        ) from None
    return ray


def processors(ray: Any) -> int:
    """The processors of all nodes that are alive."""
    nodes = [node for node in ray.nodes() if node["Alive"]]
    return int(sum(node["Resources"].get("CPU", 0) for node in nodes))


class RayWorkerHandle:
    """A Slot on some node, seen from here: an actor that holds one processor."""

    def __init__(self, ray: Any, function: bytes) -> None:
        self.ray = ray
        kind = ray.remote(RayWorker).options(
            num_cpus=1, max_restarts=0, scheduling_strategy="SPREAD"
        )
        self.actor = kind.remote(function, sys.path, str(Path.cwd()))
        self.node = self.name = ""
        self.ready = False
        self.starting: Any = self.actor.about.remote()
        self.deadline = time.monotonic() + START_SECONDS
        self.timeout: float | None = None
        self.in_hand: dict[Any, tuple[int, bytes]] = {}
        """What was sent and not answered, the oldest first."""

    def begin(self, about: dict[str, str]) -> None:
        """It has started, and says where; raises StageFailed where it runs another Vireo."""
        if about["version"] != VERSION:
            raise StageFailed(
                f"The node {about['host']} runs Vireo {about['version']}, not {VERSION}.",
                "Install the same on every node: other versions may give other results.",
            )
        self.node, self.name = about["node"], f"{about['host']} ({about['node'][:6]})"
        self.ready, self.starting = True, None
        self.deadline = float("inf")

    def refs(self) -> list[Any]:
        """What can be waited for: the start, then the oldest item."""
        return [self.starting] if self.starting else list(self.in_hand)[:1]

    def give(self, index: int, packed: bytes, timeout: float | None) -> None:
        self.in_hand[self.actor.work.remote(packed, timeout)] = (index, packed)
        self.timeout = timeout
        if len(self.in_hand) == 1:
            self._wait_for_next()

    def take(self, ref: Any) -> tuple[int, bytes]:
        """The item that was answered."""
        done = self.in_hand.pop(ref)
        self._wait_for_next()
        return done

    def _wait_for_next(self) -> None:
        self.deadline = float("inf")
        if self.timeout and self.in_hand:
            self.deadline = time.monotonic() + self.timeout + START_SECONDS + GRACE

    def is_late(self) -> bool:
        return time.monotonic() > self.deadline

    def end(self) -> None:
        self.ray.kill(self.actor)
