"""A Ray cluster of several nodes on one machine, of which one can be killed like a machine.

A node is a raylet with its workers. Killing it means SIGKILL to all of them at once, as when the
power fails; the others learn of it as they would of another machine.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STORE = 100 * 2**20
"""Bytes of shared memory of each node."""


class Nodes:
    """The nodes; the first one holds the cluster's books and cannot be missed."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster
        self._others: list[Any] = []

    @property
    def address(self) -> str:
        """What `engine.address` is to be."""
        return str(self._cluster.address)

    def add(self, processors: int = 1) -> None:
        """One more node."""
        node = self._cluster.add_node(num_cpus=processors, object_store_memory=STORE)
        self._others.append(node)

    def kill(self) -> list[int]:
        """SIGKILL to the raylet and the workers of the node that came last; their ids."""
        node = self._others.pop()
        (raylet,) = node.all_processes["raylet"]
        victims = [raylet.process.pid, *_children(raylet.process.pid)]
        for pid in victims:
            _kill(pid)
        self._cluster.remove_node(node, allow_graceful=False)  # the helpers that fell with it
        return victims


@contextmanager
def nodes(count: int = 2, processors: int = 1) -> Iterator[Nodes]:
    """`count` nodes, gone with all their processes when the block ends."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray
    from ray.cluster_utils import Cluster

    head = {"num_cpus": processors, "object_store_memory": STORE, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        made = Nodes(cluster)
        for _ in range(count - 1):
            made.add(processors)
        cluster.wait_for_nodes()
        yield made
    finally:
        ray.shutdown()
        stop: Any = cluster.shutdown
        stop()


def _children(pid: int) -> list[int]:
    """All descendants of a process."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it ended a moment ago
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = list(parents.get(pid, ()))
    for child in found:
        found.extend(parents.get(child, ()))
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def ray_processes() -> list[str]:
    """The command lines of what belongs to Ray on this machine and still runs."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if words.startswith("ray::") or "/ray/core/src/ray/" in words.split(" ")[0]:
            found.append(f"{path.parent.name} {words[:80]}")
    return found
