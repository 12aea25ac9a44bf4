"""Connection to a Ray cluster, its number of CPUs, and handles of the workers on its nodes."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from vireo.engine.base import EngineSection
from vireo.engine.pool import available_cpus
from vireo.engine.ray_worker import RayWorker
from vireo.engine.worker_process import START_SECONDS
from vireo.errors import MissingLibrary, StageFailed
from vireo.version import VERSION

GRACE_SECONDS = 60.0
"""Beyond its time limit; then a worker that does not reply counts as lost."""
OBJECT_STORE_BYTES = 256 * 2**20
"""Shared memory of a cluster that is started here: only small results pass through it."""


def connect(section: EngineSection) -> Any:
    """The module `ray`, connected to the cluster of the settings; an open connection is kept.

    Raises MissingLibrary without Ray, StageFailed where no cluster answers.
    """
    # Ray sends usage statistics over the network; nothing is reported from here.
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
        ray.init(
            address="local",
            num_cpus=section.workers or available_cpus(),
            object_store_memory=OBJECT_STORE_BYTES,
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


def cluster_cpus(ray: Any) -> int:
    """The CPUs of all nodes that are alive."""
    nodes = [node for node in ray.nodes() if node["Alive"]]
    return int(sum(node["Resources"].get("CPU", 0) for node in nodes))


class RayWorkerHandle:
    """The driver's handle of a RayWorker: an actor that reserves one CPU of some node."""

    def __init__(self, ray: Any, function: bytes) -> None:
        self.ray = ray
        actor_class = ray.remote(RayWorker).options(
            num_cpus=1, max_restarts=0, scheduling_strategy="SPREAD"
        )
        self.actor = actor_class.remote(function, sys.path, str(Path.cwd()))
        self.node = self.label = ""
        self.ready = False
        self.start_ref: Any = self.actor.node_info.remote()
        self.deadline = time.monotonic() + START_SECONDS
        self.timeout: float | None = None
        self.in_flight: dict[Any, tuple[int, bytes]] = {}
        """Ray reference -> item that was sent and has no reply yet, the oldest first."""

    def mark_ready(self, info: dict[str, str]) -> None:
        """It has started; raises StageFailed where the node has another version of Vireo."""
        if info["version"] != VERSION:
            raise StageFailed(
                f"The node {info['host']} runs Vireo {info['version']}, not {VERSION}.",
                "Install the same on every node: other versions may give other results.",
            )
        self.node, self.label = info["node"], f"{info['host']} ({info['node'][:6]})"
        self.ready, self.start_ref = True, None
        self.deadline = float("inf")

    def pending_refs(self) -> list[Any]:
        """References to wait for: the start, then the oldest item."""
        return [self.start_ref] if self.start_ref else list(self.in_flight)[:1]

    def submit(self, index: int, payload: bytes, timeout: float | None) -> None:
        """Send an item; it runs after those that were sent before."""
        self.in_flight[self.actor.run.remote(payload, timeout)] = (index, payload)
        self.timeout = timeout
        if len(self.in_flight) == 1:
            self._reset_deadline()

    def complete(self, ref: Any) -> tuple[int, bytes]:
        """The item of this reference, which is no longer in flight."""
        item = self.in_flight.pop(ref)
        self._reset_deadline()
        return item

    def _reset_deadline(self) -> None:
        self.deadline = float("inf")
        if self.timeout and self.in_flight:
            self.deadline = time.monotonic() + self.timeout + START_SECONDS + GRACE_SECONDS

    def is_overdue(self) -> bool:
        """Whether its deadline has passed."""
        return time.monotonic() > self.deadline

    def kill(self) -> None:
        """End the actor, and with it the worker process."""
        self.ray.kill(self.actor)
