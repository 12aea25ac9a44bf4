"""The command line: parse, call Workspace, print. One file per verb."""

from __future__ import annotations

import os
import sys

import typer

from vireo import __version__
from vireo.cli import (
    build,
    demo,
    doctor,
    evaluate,
    explain,
    forget,
    ingest,
    listing,
    new,
    recommend,
    rollback,
    run,
    show,
    similar,
)
from vireo.cli.output import explain_error
from vireo.errors import VireoError

app = typer.Typer(
    name="vireo",
    help="From video files and behaviour to explained, personal lists of videos.",
    epilog="Start with `vireo demo`, or with your own tables: `vireo run VIDEOS EVENTS`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for name, module in {
    "run": run,
    "demo": demo,
    "new": new,
    "ingest": ingest,
    "build": build,
    "recommend": recommend,
    "similar": similar,
    "explain": explain,
    "show": show,
    "evaluate": evaluate,
    "rollback": rollback,
    "forget": forget,
    "list": listing,
    "doctor": doctor,
}.items():
    app.command(name)(module.command)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"vireo {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """From video files and behaviour to explained, personal lists of videos."""


def main() -> None:
    """The entry point: errors become one clear message and an exit code, never a traceback.

    Exit codes: 0 done, 1 the work failed, 2 wrong usage or bad input, 130 interrupted.
    """
    try:
        app()
    except VireoError as error:
        explain_error(error.what, error.hint)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        explain_error("Interrupted.", "What was finished is kept: the same command goes on.")
        sys.exit(130)
    except BrokenPipeError:
        # The reader (`head`, `less`) went away: not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except MemoryError:
        explain_error("There is not enough memory for this.", "`vireo doctor` shows what is free.")
        sys.exit(1)
    except OSError as error:
        explain_error(f"The system refused: {error}", "Look at the path, rights and free space.")
        sys.exit(1)
    except Exception as error:
        if os.environ.get("VIREO_DEBUG"):
            raise
        explain_error(
            f"Vireo has a bug: {type(error).__name__}: {error}",
            "Set VIREO_DEBUG=1 and run again to see where; please report it.",
        )
        sys.exit(1)
