"""vireo keys: create, list and revoke API keys."""

from __future__ import annotations

import time
from typing import Annotated, cast

import typer

from vireo.cli.options import HERE, JsonOption, WorkspaceOption, opened
from vireo.cli.output import print_json, say, table
from vireo.errors import InputError
from vireo.server.keys import make_key
from vireo.store.base import Action, Key, Scope

SCOPES = ("viewer", "service", "owner")
app = typer.Typer(
    help="Create, list and revoke API keys.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Purpose of the key.")],
    scope: Annotated[
        str, typer.Option(help="viewer: one user's data; service: all users'; owner: everything.")
    ] = "service",
    user: Annotated[str | None, typer.Option(help="User id of a viewer key.")] = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Create a key and print it once; only its hash is stored."""
    if scope not in SCOPES:
        raise InputError(f"There is no scope '{scope}'.", f"Choose one of: {', '.join(SCOPES)}.")
    store = opened(workspace).resources.store
    now = _now()
    key, token = make_key(name, cast(Scope, scope), user, now)
    store.add_key(key)
    store.log(Action(now, "command line", f"add {scope} key", f"{key.key_id} {key.name}"))
    store.close()
    if as_json:
        print_json({"key_id": key.key_id, "key": token})
        return
    say(token)
    say("Keep it safe: it is not shown again. Send it as `Authorization: Bearer KEY`.", True)


@app.command("list")
def show(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """List keys without their secrets."""
    store = opened(workspace).resources.store
    rows = [_as_json(key) for key in store.all_keys()]
    store.close()
    if as_json:
        print_json(rows)
        return
    columns = ("key_id", "name", "scope", "user_id", "state")
    table("Keys", columns, ([row[column] for column in columns] for row in rows))


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The id, as `vireo keys list` shows it.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Revoke a key; a running service refuses it within seconds."""
    store = opened(workspace).resources.store
    done = store.revoke_key(key_id, _now())
    if done:
        store.log(Action(_now(), "command line", "revoke key", key_id))
    store.close()
    if not done:
        raise InputError(f"There is no valid key '{key_id}'.", "`vireo keys list` shows them.")
    say(f"Revoked {key_id}.")


def _as_json(key: Key) -> dict[str, object]:
    return {
        "key_id": key.key_id,
        "name": key.name,
        "scope": key.scope,
        "user_id": key.user_id,
        "created_at": key.created_at,
        "state": "valid" if key.revoked_at is None else "revoked",
    }


def _now() -> int:
    return round(time.time() * 1000)
