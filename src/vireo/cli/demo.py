"""vireo demo: a small world with real video files, and the whole road on it."""

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
    directory: Annotated[Path, typer.Argument(help="Where to make it.")] = Path("vireo-demo"),
    seed: Annotated[int, typer.Option(help="Another seed, another world.")] = 0,
    as_json: JsonOption = False,
    serve: Annotated[bool, typer.Option("--serve", help="Then open the pages on it.")] = False,
    port: Annotated[int, typer.Option(help="With --serve: the port.", min=0)] = 8080,
) -> None:
    """Make a small world and walk the whole road on it.

    Draws 72 short films with sound and subtitles, invents 300 viewers, builds every stage on the
    files, and prints lists, what was understood of one video, and how good the lists are.
    """
    if not as_json:
        say(f"Making a world of video files and viewers in {directory}, then walking the road.")
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
    say("== What came in")
    print_accounting(made.accounting)
    say("")
    say("== What they get")
    for user, picks in made.lists.items():
        say("")
        print_picks(f"For {user}", picks)
    say("")
    say("== What was understood of one video")
    print_mapping(made.video)
    say("")
    say("== How good the lists are, on events that the models never saw")
    print_report(made.report, details=False)
    say(str(made.report.against("popularity")))
    say("")
    say("Go on:")
    say(f"  vireo recommend ana -w {directory} --query 'quiet films about the sea'")
    say(f"  vireo show ana -w {directory}")
    say(f"  vireo serve -w {directory}")
    say(f"  vireo similar {made.world.new_videos[0]} -w {directory}")
