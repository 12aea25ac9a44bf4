"""Erasure of a user from database, sources and artifacts of a workspace."""

from __future__ import annotations

from vireo.data.sources import Frames
from vireo.errors import Busy, InputError
from vireo.privacy.forget import Receipt, forget, sweep
from vireo.privacy.pseudonymous_store import PseudonymousStore
from vireo.workspace.resources import Resources
from vireo.workspace.users import has_user_data


def pseudonymized(resources: Resources, frames: Frames) -> Frames:
    """Ingested tables with pseudonyms for user ids, where the settings ask for it."""
    store = resources.store
    return store.names.frames(frames) if isinstance(store, PseudonymousStore) else frames


def erase_user(resources: Resources, user_id: str) -> Receipt:
    """Erase a user from database and sources; a running build delays the sources.

    Raises InputError if nothing is held about the user.
    """
    if _is_unknown(resources, user_id):
        raise InputError(
            f"Nothing is held about a viewer '{user_id}'.",
            "`vireo list users` shows who is known; ids are compared letter by letter.",
        )
    store, parts = resources.store, (resources.artifacts, resources.path)
    pseudonym = store.pseudonym_of(user_id)
    try:
        with resources.locked():
            return forget(pseudonym, store, resources.sources, *parts)
    except Busy:  # removal from lists cannot wait for a build
        return forget(pseudonym, store, None, *parts)


def finish_erasure(resources: Resources) -> None:
    """Erase pending users from the sources; raises Busy if a build runs."""
    with resources.locked():
        sweep(resources.store, resources.sources, resources.path)


def _is_unknown(resources: Resources, user_id: str) -> bool:
    store = resources.store
    state = store.user_state(user_id)
    held = state.forgotten or state.events or state.choices or has_user_data(store, user_id)
    return not held and not resources.sources.mentions(store.pseudonym_of(user_id))
