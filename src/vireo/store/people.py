"""What viewers set, and who is forgotten, in a SQL database."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from vireo.errors import InputError
from vireo.store.base import Standing
from vireo.store.checks import check_text
from vireo.store.database import Database
from vireo.store.events import rows_of
from vireo.store.schema import EVENTS, FORGOTTEN, KEYS, PROFILES, get_number, set_number


class SqlPeople:
    """People (see base.py)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def profile(self, user_id: str) -> dict[str, Any]:
        """What the viewer set; empty when nothing."""
        with self._database.transaction() as connection:
            return _profile(connection, user_id)

    def standing(self, user_id: str, after: int = 0) -> Standing:
        """All that a list needs to know of a viewer beyond the build, in one question."""
        with self._database.transaction() as connection:
            if self._database.refused(connection, {user_id}):
                return Standing(forgotten=True)
            events = rows_of(connection, user_id, after)
            return Standing(tuple(events), _profile(connection, user_id))

    def set_profile(self, user_id: str, profile: Mapping[str, Any]) -> None:
        """Keep it in place of the earlier one; raises InputError for a forgotten viewer."""
        check_text("user_id", user_id)
        body = json.dumps(dict(profile), ensure_ascii=False)
        with self._database.transaction(write=True) as connection:
            self._database.locked(connection, "generation")
            if self._database.refused(connection, {user_id}):
                raise InputError(
                    f"The viewer '{user_id}' asked to be forgotten.", "Nothing is kept of them."
                )
            connection.execute(delete(PROFILES).where(PROFILES.c.user_id == user_id))
            if profile:
                connection.execute(insert(PROFILES), {"user_id": user_id, "body": body})

    def forget(self, user_id: str) -> int:
        """Delete the user's events, profile and keys, keep a keyed hash of the id.

        Returns how many events were deleted.
        """
        with self._database.transaction(write=True) as connection:
            generation = self._database.locked(connection, "generation")
            again = bool(self._database.refused(connection, {user_id}))
            deleted = connection.execute(delete(EVENTS).where(EVENTS.c.user_id == user_id)).rowcount
            for table in (PROFILES, KEYS):
                connection.execute(delete(table).where(table.c.user_id == user_id))
            if not again:
                connection.execute(insert(FORGOTTEN), {"hash": self._database.hash(user_id)})
            if deleted or not again:
                set_number(connection, "generation", generation + 1)
        self._database.wipe()
        return int(deleted)

    def is_forgotten(self, user_id: str) -> bool:
        return bool(self.forgotten_among([user_id]))

    def forgotten_among(self, user_ids: Collection[str]) -> set[str]:
        """Those of the users who are forgotten."""
        with self._database.transaction() as connection:
            return self._database.refused(connection, set(user_ids))

    def generation(self) -> int:
        """Grows whenever a viewer was forgotten."""
        with self._database.transaction() as connection:
            return get_number(connection, "generation")


def _profile(connection: Connection, user_id: str) -> dict[str, Any]:
    body = connection.scalar(select(PROFILES.c.body).where(PROFILES.c.user_id == user_id))
    return dict(json.loads(body)) if body else {}
