"""vireo build: walk the road, skipping what is already built."""

from __future__ import annotations

from typing import Annotated

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption, opened
from vireo.cli.output import print_json, say
from vireo.cli.stages import line_of
from vireo.pipeline import Result


def command(
    stage: Annotated[str | None, typer.Argument(help="Stop after this stage.")] = None,
    workspace: WorkspaceOption = HERE,
    fast: Annotated[
        bool, typer.Option("--fast", help="Without the experts that take long: lists soon.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Build what is not built yet, then publish it.

    Stages: data, video, behavior, pretraining, understanding, interest, recommend. Finished work
    is skipped, and a killed build goes on where it stopped. With a STAGE only what it needs is
    built, and nothing is published. `--fast` gives a first model within minutes; build again
    without it for the better one, while the first is served.
    """
    work = opened(workspace)
    results = work.build(stage, fast=fast, on_result=None if as_json else say_result)
    if as_json:
        print_json([_as_json(result) for result in results])
        return
    built = sum(result.built for result in results)
    if not built:
        say("Nothing to do: every stage is built already.")
    if stage is None:
        if fast:
            say("Without the slow experts. For better lists, later: vireo build")
        say(f"Published. Next: vireo recommend USER -w {workspace}")


def say_result(result: Result) -> None:
    """One line: the stage, whether it was built, what came out."""
    state = f"built in {result.seconds:.1f} s" if result.built else "skipped (already built)"
    say(f"{result.stage:14} {state:24} {line_of(result.stage, result.summary)}")


def _as_json(result: Result) -> dict[str, object]:
    return {
        "stage": result.stage,
        "id": result.id,
        "built": result.built,
        "seconds": round(result.seconds, 2),
        "summary": result.summary,
    }
