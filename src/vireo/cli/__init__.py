"""The command line: parse, call Workspace, print. One file per verb."""

from __future__ import annotations

import importlib
import io
import os
import sys
from typing import Any, cast

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command, get_group

from vireo import __version__
from vireo.cli.output import explain_error
from vireo.errors import VireoError

VERBS = (
    *("run", "demo", "new", "ingest", "build", "recommend", "similar", "search", "explain", "show"),
    *("prefer", "evaluate", "compare", "rollback", "push", "pull", "serve", "forget", "export"),
    *("list", "doctor", "keys"),
)
"""Verbs in the order of `vireo --help`; each is the module of its name."""
MODULES = {"list": "listing"}
"""Modules of verbs whose name is a Python built-in."""


class VerbGroup(TyperGroup):
    """Commands imported on use, so that each verb loads only its own modules."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = dict.fromkeys(VERBS, cast(Any, None))  # names, for suggestions

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a verb; None if there is no such verb."""
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"vireo.cli.{MODULES.get(cmd_name, cmd_name)}")
        if hasattr(module, "app"):
            group = get_group(module.app)
            group.name = cmd_name
            return group
        verb = typer.Typer(add_completion=False, rich_markup_mode=None)
        verb.command(cmd_name, epilog=getattr(module, "EXAMPLES", None))(module.command)
        return get_command(verb)


app = typer.Typer(
    name="vireo",
    cls=VerbGroup,
    help="From video files and behavior to explained, personal lists of videos.",
    epilog="Start with `vireo demo`, or with your own tables: `vireo run VIDEOS EVENTS`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(requested: bool) -> None:
    if requested:
        print(f"vireo {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """From video files and behavior to explained, personal lists of videos."""


def main() -> None:
    """Entry point: errors become one message and an exit code, without a traceback.

    Exit codes: 0 done, 1 the work failed, 2 wrong usage or bad input, 130 interrupted.
    """
    # On a busy machine, threads that spin while they wait for each other cost several times more.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a title
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except TyperException as error:
        _explain_usage(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader (`head`, `less`) closed the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (Exception, KeyboardInterrupt) as error:
        if os.environ.get("VIREO_DEBUG"):
            raise
        what, hint, code = _message(error)
        explain_error(what, hint)
        sys.exit(code)


RENAMED = {
    "--like": "--query",
    "--picked": "--seed-video",
    "--full": "--with-reasons",
    "--shard": "--shard-size",
    "--model": "--system",
    "--undo": "--remove",
    "--text": "`vireo search TEXT`",
    "--viewer": "--user",
    "edit": "prefer",
}
"""Renamed options and verbs: old name -> new name."""


def _explain_usage(error: TyperException) -> None:
    """Print a usage error, with the new name of a renamed option or verb."""
    cast(Any, error).show()
    named = getattr(error, "option_name", None) or next(iter(sys.argv[1:]), "")
    if named in RENAMED and "No such" in str(error):
        print(f"'{named}' is now {RENAMED[named]}.", file=sys.stderr)


def _message(error: BaseException) -> tuple[str, str, int]:
    """Message, hint and exit code of an error."""
    if isinstance(error, VireoError):
        return error.what, error.hint, error.exit_code
    for kind, what, hint, code in _SYSTEM_ERRORS:
        if isinstance(error, kind):
            return what.format(error), hint, code
    return (
        f"Vireo has a bug: {type(error).__name__}: {error}",
        "Run again with VIREO_DEBUG=1 for the traceback; please report it.",
        1,
    )


_SYSTEM_ERRORS: tuple[tuple[type[BaseException], str, str, int], ...] = (
    (KeyboardInterrupt, "Interrupted.", "Finished work is kept: run the same command again.", 130),
    (UnicodeEncodeError, "An argument is not valid Unicode.", "Write it in UTF-8.", 2),
    (
        MemoryError,
        "There is not enough memory for this.",
        "`vireo doctor` shows how much there is.",
        1,
    ),
    (
        OSError,
        "The operating system reports: {}",
        "Check the path, its permissions and the free space.",
        1,
    ),
)
