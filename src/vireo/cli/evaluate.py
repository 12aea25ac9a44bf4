"""vireo evaluate: hold events out, rank the whole catalogue, report with intervals."""

from __future__ import annotations

from typing import Annotated

import typer

from vireo.cli.options import HERE, JsonOption, ListLength, WorkspaceOption, opened
from vireo.cli.output import print_json, print_report, say


def command(
    workspace: WorkspaceOption = HERE,
    protocol: Annotated[str, typer.Option(help="`time` or `leave-one-out`.")] = "time",
    cutoff: Annotated[str | None, typer.Option(help="For `time`: a date, like 2026-03-01.")] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Only these (an expert, or `fused`). Repeat it.")
    ] = None,
    k: ListLength = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the lists on events that the models never saw.

    The same road is built with an earlier clock; the whole catalogue is ranked, what viewers had
    seen left out. Reports with plots are saved under `reports/`.
    """
    work = opened(workspace)
    report = work.evaluate(cutoff, protocol=protocol, k=k or 10, systems=model or None)
    folder = work.save_report(report)
    if as_json:
        print_json(report.as_json())
        return
    print_report(report)
    say(f"Saved with plots in {folder}")
