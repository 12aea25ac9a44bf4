"""Serial engine: one item after the other in this process, for tests and for debugging."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from vireo.engine.base import EngineSection, Item, Outcome, Value
from vireo.engine.worker_main import described


class Serial:
    """Runs every item here. Without isolation: `timeout` is ignored, and a crash is a crash."""

    elsewhere: ClassVar[bool] = False

    def __init__(self, section: EngineSection) -> None:
        self.section = section

    def map(
        self,
        function: Callable[[Item], Value],
        items: Sequence[Item],
        *,
        timeout: float | None = None,
    ) -> Iterator[Outcome[Value]]:
        """One Outcome per item, in order; the next item is computed when it is asked for."""
        for index, item in enumerate(items):
            try:
                outcome = Outcome(index, function(item))
            except Exception as error:  # a bad item costs its own outcome, never the run
                outcome = Outcome(index, None, described(error), "error")
            yield outcome
