"""vireo evaluate: rank the whole catalogue for held-out events, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption, opened, settings_map
from vireo.cli.output import print_json, print_mapping, say, table
from vireo.evaluation.report import Report

EXAMPLES = """Examples:

\b
vireo evaluate -w DIR                                        the last fifth of the period
vireo evaluate -w DIR --cutoff 2026-03-01 --k 10 --k 50      a cutoff, two list lengths
vireo evaluate -w DIR --rolling 3                            three cutoffs and their average
vireo evaluate -w DIR --protocol leave-one-out --system ease --set interest.ease.regularization=300
vireo evaluate -w DIR --protocol cold-items --variant chronological
vireo evaluate -w DIR --check-leaks                          future events must change nothing
"""
SHOWN_METRICS = ("hit_rate", "ndcg", "recall", "coverage")
"""Metrics that fit on a terminal; the saved report has all."""
SHOWN_GROUPS = ("warm_ndcg", "cold_ndcg", "within_cold_ndcg", "known_0_ndcg", "known_1_ndcg",
                "known_3_ndcg", "taste_ndcg")  # fmt: skip
"""Metrics of protocols that compare groups, shown in a second table."""


def command(
    workspace: WorkspaceOption = HERE,
    protocol: Annotated[
        str,
        typer.Option(help="`time`, `leave-one-out`, `cold-items`, `cold-users` or `random`."),
    ] = "time",
    cutoff: Annotated[
        list[str] | None,
        typer.Option(help="For `time`: a date, like 2026-03-01. Repeat it for rolling cutoffs."),
    ] = None,
    rolling: Annotated[
        int, typer.Option(help="For `time`: this many cutoffs, averaged.", min=0)
    ] = 0,
    share: Annotated[
        float, typer.Option(help="Share of items, users or events held out by the other protocols.")
    ] = 0.2,
    variant: Annotated[
        str, typer.Option(help="For `cold-items`: `random` or `chronological`.")
    ] = "random",
    system: Annotated[
        list[str] | None, typer.Option(help="An expert, or `fused` for the ensemble. Repeat it.")
    ] = None,
    k: Annotated[
        list[int] | None,
        typer.Option("--k", "-k", min=1, help="Length of the lists. Repeat it. [default: 10]"),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a setting: section.key=value. Repeat it."),
    ] = None,
    save_split: Annotated[
        Path | None, typer.Option(help="Write the split to this Parquet file, for other systems.")
    ] = None,
    leaks: Annotated[
        bool, typer.Option("--check-leaks", help="Only check for leaks of future events.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure the lists on held-out events.

    Models are built on the events before the cutoff; the whole catalogue is ranked, without the
    videos that a user has seen. Reports with plots are saved under `reports/`.
    """
    work = opened(workspace)
    changed = settings_map(settings)
    if leaks:
        checked = work.check_leaks(
            cutoff, protocol=protocol, systems=system, rolling=rolling, settings=changed
        )
        print_json(checked.as_json()) if as_json else say(str(checked))
        return
    report = work.evaluate(
        cutoff,
        protocol=protocol,
        k=k or 10,
        systems=system,
        save_split=save_split,
        rolling=rolling,
        share=share,
        variant=variant,
        settings=changed,
    )
    folder = work.save_report(report)
    if as_json:
        print_json(report.as_json())
        return
    print_report(report)
    say(f"Saved in {folder}: open report.html")


def print_report(report: Report, details: bool = True) -> None:
    """Print one row per system, means with 95% intervals; then the protocol."""
    _figures(report, "Full ranking without seen videos; 95% intervals", SHOWN_METRICS)
    _figures(report, "By group", SHOWN_GROUPS)
    for note in report.notes:
        say(f"Note: {note}")
    if details:
        print_mapping({"protocol": report.protocol})


def _figures(report: Report, title: str, names: Sequence[str]) -> None:
    metrics = [m for m in report.metrics if m.split("@")[0] in names]
    if metrics:
        rows = (
            [name, *(str(own[m]) if m in own else "" for m in metrics)]
            for name, own in report.systems.items()
        )
        table(title, ("system", *metrics), rows)
