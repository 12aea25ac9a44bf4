"""vireo compare: two saved reports, or two systems, user by user, with intervals."""

from __future__ import annotations

from typing import Annotated

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption
from vireo.cli.output import print_json, say
from vireo.evaluation.compare import compare

EXAMPLES = """Examples:

\b
vireo compare fused ease -w DIR                  two systems of the newest report
vireo compare reports/A reports/B                the same systems in two reports
vireo compare reports/A:fused reports/B:ease     one of each
"""


def command(
    one: Annotated[str, typer.Argument(help="A report's folder, FOLDER:SYSTEM, or a system.")],
    other: Annotated[str, typer.Argument(help="What it is compared with, written alike.")],
    metric: Annotated[
        list[str] | None, typer.Option(help="Like ndcg@10. Repeat it. [default: the usual ones]")
    ] = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Say how two results differ, with a 95% interval by paired bootstrap for every difference.

    Results of different splits are refused. An interval that spans zero shows no difference.
    """
    found = compare(one, other, reports=workspace / "reports", metrics=metric or ())
    if as_json:
        print_json([comparison.as_json() for comparison in found])
        return
    for comparison in found:
        say(str(comparison))
