"""Progress bars on a terminal, drawn by rich on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from vireo.engine.progress import LogProgress, Progress, Tick


class ProgressBars:
    """One bar per task: description, items, time left and a short figure."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)

    @contextmanager
    def task(self, description: str, total: int | None) -> Iterator[Tick]:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        with RichProgress(*columns, console=self._console, transient=True) as bars:
            row = bars.add_task(description, total=total, note="")

            def tick(n: int = 1, note: str = "") -> None:
                bars.update(row, advance=n, note=note)

            yield tick

    def say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False)


def progress_for_stderr() -> Progress:
    """Bars if standard error is a terminal, else log lines."""
    return ProgressBars() if sys.stderr.isatty() else LogProgress()
