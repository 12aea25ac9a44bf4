"""Users for the endpoints and pages: data export, choices, erasure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vireo.errors import InputError
from vireo.privacy.forget import Receipt
from vireo.server.live_state import StateRefresher
from vireo.workspace import Workspace


class UserService:
    """Stored data of users."""

    def __init__(
        self, work: Workspace, state: StateRefresher, on_erasure: Callable[[], None]
    ) -> None:
        """`on_erasure` is called after a user was erased."""
        self._work = work
        self._store = work.resources.store
        self._state = state
        self._on_erasure = on_erasure

    def export(self, user_id: str) -> dict[str, Any]:
        """Everything that is held about a viewer."""
        return self._work.export(user_id)

    def choose(self, user_id: str, change: Mapping[str, Any]) -> dict[str, Any]:
        """Set parts of what a viewer chose; None removes one. Returns all of it."""
        before = self._store.choices(user_id)
        choices = {**before, **change}
        if choices.get("consent"):  # purpose by purpose: the others stay as they are
            said = {**before.get("consent", {}), **choices["consent"]}
            choices["consent"] = {name: yes for name, yes in said.items() if yes is not None}
        kept = {name: value for name, value in choices.items() if value not in (None, "", {})}
        self._store.set_choices(user_id, kept)
        return kept

    def forget(self, user_id: str) -> Receipt:
        """Remove a viewer: at once from every answer, then from the files."""
        try:
            return self._work.forget(user_id)
        finally:
            self._on_erasure()

    def forget_quietly(self, user_id: str) -> Receipt | None:
        """The same; None where nothing was held."""
        try:
            return self.forget(user_id)
        except InputError:
            return None

    def known(self, user_id: str) -> dict[str, Any] | None:
        """Facts about a user; None for an unknown one."""
        served = self._state.now.served
        return served.about_user(user_id) if len(served.queries.history(user_id)) else None
