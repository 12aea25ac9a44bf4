"""vireo build: build missing stages and publish the result."""

from __future__ import annotations

from typing import Annotated

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption, opened
from vireo.cli.output import print_json, say
from vireo.cli.stages import line_of
from vireo.pipeline import Result


def command(
    stage: Annotated[
        str | None, typer.Argument(help="Build only this stage and its inputs.")
    ] = None,
    workspace: WorkspaceOption = HERE,
    fast: Annotated[bool, typer.Option("--fast", help="Leave out the slow experts.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Build missing stages, then publish the result.

    Stages: data, video, behavior, pretraining, understanding, interest, recommend. Finished
    stages are skipped, and a killed build resumes. With a STAGE only its inputs are built, and
    nothing is published. `--fast` gives a first model within minutes; a later build without it
    gives better lists.
    """
    work = opened(workspace)
    results = work.build(stage, fast=fast, on_result=None if as_json else say_result)
    if as_json:
        print_json([_as_json(result) for result in results])
        return
    built = sum(result.built for result in results)
    if not built:
        say("Nothing to do: all stages are built.")
    if stage is None:
        if fast:
            say("Built without the slow experts. For better lists: vireo build")
        say(f"Published. Next: vireo recommend USER -w {workspace}")


def say_result(result: Result) -> None:
    """Print one line: the stage, whether it was built, its summary."""
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
