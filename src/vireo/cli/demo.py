"""vireo demo: generate video files and users, and run all stages on them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vireo.cli.build import say_result
from vireo.cli.evaluate import print_report
from vireo.cli.ingest import print_accounting
from vireo.cli.options import JsonOption
from vireo.cli.output import print_json, print_mapping, print_picks, say
from vireo.demo.run_demo import DemoResult, run_demo
from vireo.engine.progress_bar import progress_for_stderr


def command(
    directory: Annotated[Path, typer.Argument(help="Directory of the new workspace.")] = Path(
        "vireo-demo"
    ),
    seed: Annotated[int, typer.Option(help="Seed of the generated data.")] = 0,
    as_json: JsonOption = False,
    serve: Annotated[bool, typer.Option("--serve", help="Then serve the pages.")] = False,
    port: Annotated[int, typer.Option(help="With --serve: the port.", min=0)] = 8080,
) -> None:
    """Generate video files and users, build all stages, print lists and their quality.

    Draws 72 short films with sound and subtitles, simulates 300 users, builds every stage on the
    files, and prints lists, the record of one video, and the evaluation.
    """
    if not as_json:
        say(f"Generating video files and users in {directory}, then building all stages.")
    made = run_demo(directory, progress_for_stderr(), seed, None if as_json else say_result)
    if as_json:
        print_json(made.as_json())
    else:
        _print(made, directory)
    if serve:
        from vireo.server.run import run_server

        run_server(made.workspace, "127.0.0.1", port, lambda line: say(line, to_stderr=True))


def _print(made: DemoResult, directory: Path) -> None:
    say("")
    say("== Input")
    print_accounting(made.accounting)
    say("")
    say("== Lists")
    for user, picks in made.lists.items():
        say("")
        print_picks(f"For {user}", picks)
    say("")
    say("== Record of one video")
    print_mapping(made.video)
    say("")
    say("== Quality of the lists on held-out events")
    print_report(made.report, details=False)
    say(str(made.report.against("popularity")))
    say("")
    say("Next:")
    say(f"  vireo recommend ana -w {directory} --query 'quiet films about the sea'")
    say(f"  vireo show ana -w {directory}")
    say(f"  vireo serve -w {directory}")
    say(f"  vireo similar {made.world.new_videos[0]} -w {directory}")
