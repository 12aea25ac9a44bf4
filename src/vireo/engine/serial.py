"""Serial engine: one item after the other in this process, for tests and debugging."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from vireo.engine.base import EngineSection, Item, Outcome, Value
from vireo.engine.worker_main import error_line


class Serial:
    """No isolation: `timeout` is ignored, and a crash ends this process."""

    distributed: ClassVar[bool] = False

    def __init__(self, section: EngineSection) -> None:
        self.section = section

    def map(
        self,
        function: Callable[[Item], Value],
        items: Sequence[Item],
        *,
        timeout: float | None = None,
    ) -> Iterator[Outcome[Value]]:
        """One Outcome per item, in order; each is computed when the consumer asks for it."""
        for index, item in enumerate(items):
            try:
                outcome = Outcome(index, function(item))
            except Exception as error:  # an item that fails does not end the run
                outcome = Outcome(index, None, error_line(error), "error")
            yield outcome
