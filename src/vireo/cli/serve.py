"""vireo serve: REST API and pages."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from vireo.cli.options import HERE, WorkspaceOption
from vireo.cli.output import say
from vireo.store.sql import DATABASE
from vireo.workspace import Workspace


def command(
    workspace: WorkspaceOption = HERE,
    host: Annotated[str | None, typer.Option(help="Address [default: server.host].")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port [default: server.port].", min=0, max=65535)
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="URL of the database; overrides [store] url.", metavar="URL")
    ] = None,
) -> None:
    """Serve lists, live events and pages until Ctrl-C.

    Live events change the next list; builds are published without downtime. Without keys (`vireo
    keys add`) only requests of this machine are answered.
    """
    from vireo.server.run import run_server

    if database:
        os.environ[DATABASE] = database  # builds that the service starts read it
    work = Workspace.open(workspace)
    section = work.config.server
    run_server(work, host or section.host, section.port if port is None else port, say_out)


def say_out(line: str) -> None:
    say(line, to_stderr=True)
