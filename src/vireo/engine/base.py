"""Engine: where the stages' heavy per-item work runs. Context: what a stage gets besides data."""

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
    """`[engine]`: how the per-item work is spread."""

    name: str = "processes"
    """`serial` (in this process), `processes` (isolated workers with time limits) or `ray` (the \
same on every node of a Ray cluster; extra `ray`)."""
    workers: int = 0
    """Worker processes; 0 takes one per core. For `ray`: of all nodes together."""
    address: str = ""
    """For `ray`: `host:port` of the cluster, or `auto`; empty starts one on this machine."""


@dataclass(frozen=True)
class Outcome(Generic[Value]):
    """What became of one item: a value, or the reason why there is none."""

    index: int
    value: Value | None
    error: str = ""
    kind: Literal["done", "error", "timeout", "crash"] = "done"
    tries: tuple[str, ...] = ()
    """What went wrong before, on which node, where an engine tries again."""


class Engine(Protocol):
    """Runs one function over many items; a bad item costs its own outcome, never the run."""

    elsewhere: ClassVar[bool]
    """Whether workers may be on other machines. Then work is sent that keeps all processors of one
    machine busy by itself, too."""

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
    """What a stage's build gets besides its inputs: hands, a scratch shelf, a voice, a seed."""

    engine: Engine
    cache: Path
    """Per-item results that are safe to delete; survives builds."""
    progress: Progress
    seed: int
