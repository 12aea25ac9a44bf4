"""vireo compare: paired differences of two reports or systems, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption, opened
from vireo.cli.output import print_json, say
from vireo.errors import InputError
from vireo.evaluation.compare import compare
from vireo.evaluation.online_experiments import METRICS, OnlineComparison, compare_live
from vireo.evaluation.report import Comparison

EXAMPLES = """Examples:

\b
vireo compare fused ease -w DIR                  two systems of the newest report
vireo compare reports/A reports/B                the same systems in two reports
vireo compare reports/A:fused reports/B:ease     one of each
vireo compare --live -w DIR                      served variants, per impression
vireo compare --live bolder control              two of them
"""


def command(
    one: Annotated[
        str, typer.Argument(help="A report's folder, FOLDER:SYSTEM, a system; or a variant.")
    ] = "",
    other: Annotated[str, typer.Argument(help="The other one, in the same form.")] = "",
    live: Annotated[
        bool, typer.Option("--live", help="Compare the variants of [server.variants].")
    ] = False,
    metric: Annotated[
        list[str] | None, typer.Option(help="Like ndcg@10. Repeat it. [default: the main metrics]")
    ] = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Compare two results: differences with 95% intervals by paired bootstrap.

    Results of different splits are refused. An interval that spans zero shows no difference.
    With --live: clicks and watched seconds per impression of each variant.
    """
    found = _live(workspace, one, other, metric) if live else _saved(workspace, one, other, metric)
    if as_json:
        print_json([comparison.as_json() for comparison in found])
        return
    for comparison in found:
        say(str(comparison))


def _saved(
    workspace: Path, one: str, other: str, metric: list[str] | None
) -> Sequence[Comparison | OnlineComparison]:
    if not one or not other:
        raise InputError(
            "Two results are needed.", "`vireo compare A B`, or `vireo compare --live`."
        )
    return compare(one, other, reports=workspace / "reports", metrics=metric or ())


def _live(
    workspace: Path, one: str, other: str, metric: list[str] | None
) -> Sequence[Comparison | OnlineComparison]:
    work = opened(workspace)
    try:
        found = compare_live(work.resources.store, work.config, one, other)
    finally:
        work.close()
    for name in metric or ():
        if name not in METRICS:
            raise InputError(f"'{name}' is not a live metric.", f"Known: {', '.join(METRICS)}.")
    return [entry for entry in found if not metric or entry.metric in metric]
