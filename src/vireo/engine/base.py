"""Engine protocol: runs a stage's per-item work. Context: engine, cache, progress, seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic, Literal, Protocol, TypeVar

from vireo.engine.progress import Progress
from vireo.settings import Section

Item = TypeVar("Item")
Value = TypeVar("Value")


class EngineSection(Section):
    """`[engine]`: where the per-item work runs."""

    name: str = "processes"
    """`serial` (in this process), `processes` (isolated worker processes with time limits) \
or `ray` (such workers on every node of a Ray cluster; extra `ray`)."""
    workers: int = 0
    """Worker processes; 0 takes one per core. For `ray`: of all nodes together."""
    address: str = ""
    """For `ray`: `host:port` of the cluster, or `auto`; empty starts one on this machine."""


@dataclass(frozen=True)
class Outcome(Generic[Value]):
    """Result of one item: a value, or the reason why there is none."""

    index: int
    value: Value | None
    error: str = ""
    kind: Literal["done", "error", "timeout", "crash"] = "done"
    failed_attempts: tuple[str, ...] = ()
    """One line per earlier attempt: error and node, where the engine retries."""


class Engine(Protocol):
    """Applies one function to many items; an item that fails does not end the run."""

    distributed: ClassVar[bool]
    """Whether workers may be on other machines. Callers then also submit work that uses all CPUs
    of one machine by itself."""

    def map(
        self,
        function: Callable[[Item], Value],
        items: Sequence[Item],
        *,
        timeout: float | None = None,
    ) -> Iterator[Outcome[Value]]:
        """One Outcome per item, in the order of the items, streamed with bounded look-ahead.

        `function` and items must be picklable (a module-level function or a frozen dataclass
        with `__call__`). `timeout` is in seconds per item; an engine without isolation
        ignores it and says so in its docstring.
        """
        ...


@dataclass(frozen=True)
class Context:
    """Engine, cache, progress and seed of a stage's build."""

    engine: Engine
    cache: Path
    """Directory of per-item results; kept between builds, safe to delete."""
    progress: Progress
    seed: int
