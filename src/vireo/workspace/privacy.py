"""Rights: what a workspace does where a viewer asks what is held of them, or to be forgotten."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from vireo.artifacts import Artifacts
from vireo.data.sources import Frames, Sources
from vireo.errors import Busy, InputError
from vireo.pipeline import Result
from vireo.privacy.export import export
from vireo.privacy.forget import Receipt, forget, made_before, sweep
from vireo.privacy.pseudonymous_store import PseudonymousStore
from vireo.workspace.users import Telling


class Rights(Telling):
    """The methods of Workspace that serve a viewer's rights."""

    path: Path
    artifacts: Artifacts
    sources: Sources

    @abstractmethod
    def _alone(self) -> AbstractContextManager[None]:
        """One writer at a time; raises Busy."""

    @abstractmethod
    def _look_again(self) -> None:
        """What is served has changed."""

    @abstractmethod
    def build(self, until: str | None = None) -> list[Result]:
        """Build what is not built yet, and publish a complete build."""

    def naming(self, frames: Frames) -> Frames:
        """What is kept of ingested tables: viewers go by pseudonyms where the settings want it."""
        store = self.store
        return store.names.frames(frames) if isinstance(store, PseudonymousStore) else frames

    def export(self, user_id: str) -> dict[str, Any]:
        """Everything that is held about a viewer, as one document."""
        return export(user_id, self.store, self.sources)

    def forget(self, user_id: str, *, purge: bool = False) -> Receipt:
        """Remove a viewer: at once from every answer, then from the files; returns a receipt.

        `purge` builds anew at once and deletes what was made before; without it, the next build
        does. Raises InputError for one of whom nothing is held, Busy where `purge` cannot build.
        """
        if self._is_unknown(user_id):
            raise InputError(
                f"Nothing is held about a viewer '{user_id}'.",
                "`vireo list users` shows who is known; ids are compared letter by letter.",
            )
        known_as = self.store.known_as(user_id)
        parts = (self.artifacts, self.path)
        try:
            with self._alone():
                receipt = forget(known_as, self.store, self.sources, *parts)
        except Busy:  # silence cannot wait for a build
            receipt = forget(known_as, self.store, None, *parts)
        self._look_again()
        if not purge:
            return receipt
        removed = self.purge()
        return replace(
            receipt, artifacts_pending=0, sources_pending=False, artifacts_removed=removed
        )

    def purge(self) -> int:
        """Build anew, and delete what was made while forgotten viewers counted; how many."""
        before = made_before(self.artifacts)
        self.build()
        return len(before - made_before(self.artifacts))

    def sweep(self) -> None:
        """Finish what a running build kept `forget` from finishing; raises Busy if one runs."""
        with self._alone():
            sweep(self.store, self.sources, self.path)

    def _is_unknown(self, user_id: str) -> bool:
        standing = self.store.standing(user_id)
        held = standing.forgotten or standing.events or standing.choices or self.is_told_of(user_id)
        return not held and not self.sources.mentions(self.store.known_as(user_id))
