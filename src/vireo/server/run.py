"""Listen until a signal, then finish requests in flight and end."""

from __future__ import annotations

import gc
import logging
import socket
import sys
from collections.abc import Callable

import uvicorn
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from vireo.errors import InputError
from vireo.server.app import create_app
from vireo.server.http_protocol import BoundedHttpProtocol
from vireo.server.middleware import LOOPBACK
from vireo.workspace import Workspace

_BACKLOG = 1024
_SWITCH_SECONDS = 0.001
"""How long a list may keep the others from the interpreter; Python's own 5 ms add up in a queue."""


def run_server(work: Workspace, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve the workspace; returns after SIGTERM or SIGINT, when everything accepted is kept.

    Raises InputError where the address is not ours to take, and for any address but this machine's
    own while there are no keys.
    """
    keyless = not any(key.revoked_at is None for key in work.resources.store.all_keys())
    if keyless and host not in LOOPBACK:
        raise InputError(
            f"There are no keys, so the service listens on this machine alone, not on {host}.",
            "Make one: `vireo keys add NAME --scope service`, and `--scope owner` for yourself.",
        )
    listening = _listen(host, port)
    threadpool_limits(1, "blas")  # requests are the threads; a pool under each would fight
    sys.setswitchinterval(_SWITCH_SECONDS)
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s", level=logging.INFO)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    at = listening.getsockname()
    say(f"Vireo serves {work.path} at http://{f'[{at[0]}]' if ':' in at[0] else at[0]}:{at[1]}/")
    if keyless:
        say("There are no keys: only this machine is answered; its users have owner rights.")
    server_of(work).run(sockets=[listening])


def server_of(work: Workspace) -> uvicorn.Server:
    """The server of a workspace, on whatever socket it is given."""
    app = create_app(work)
    app.state.service.state.on_load = _set_aside
    config = uvicorn.Config(
        app,
        http=BoundedHttpProtocol,
        ws="none",  # whatever libraries are installed
        access_log=False,  # its lines would show who asked; ours name the route alone
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=round(work.config.server.timeout_seconds) + 1,
        backlog=_BACKLOG,
    )
    return uvicorn.Server(config)


def _set_aside() -> None:
    """A build stays as long as it is served, so the collector need not walk through it.

    With 100,000 videos a full collection holds all threads for a third of a second.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise InputError(
            f"Nothing can listen on {host} port {port}: {error.strerror or error}.",
            "Name another: `--port 8081`.",
        ) from None
    return listening
