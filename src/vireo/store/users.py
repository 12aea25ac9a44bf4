"""User attributes, choices, preferences and erasures in a SQL database."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, delete, insert, select

from vireo.errors import InputError
from vireo.store.base import LiveEvent, Preference, UserAttributes, UserState
from vireo.store.database import Database
from vireo.store.events import events_question
from vireo.store.prepared import PreparedQuery
from vireo.store.schema import (
    CHOICES,
    EVENTS,
    FORGOTTEN,
    KEYS,
    MOST_AT_ONCE,
    PREFERENCES,
    USERS,
    get_number,
    get_text,
    set_number,
    set_text,
)
from vireo.store.user_rows import (
    SELECT_ATTRIBUTES,
    SELECT_PREFERENCES,
    delete_of,
    edits_of,
    keep_edit,
    keep_viewers,
    known_among,
    viewer_of,
)
from vireo.store.validation import check_edit, check_text, check_viewers
from vireo.store.videos import open_to_nobody

_USER: BindParameter[str] = bindparam("user")
_STANDING = {
    "forgotten": select(FORGOTTEN.c.hash).where(FORGOTTEN.c.hash == bindparam("hash")),
    "attributes": SELECT_ATTRIBUTES.where(USERS.c.user_id == _USER),
    "events": events_question().where(
        EVENTS.c.user_id == _USER, EVENTS.c.position > bindparam("after")
    ),
    "preferences": SELECT_PREFERENCES.where(PREFERENCES.c.user_id == _USER),
    "choices": select(CHOICES.c.body).where(CHOICES.c.user_id == _USER),
}
"""Queries of `user_state`, one per table."""


class SqlUsers:
    """People (see base.py)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked = {n: PreparedQuery(q, database.dialect) for n, q in _STANDING.items()}

    def choices(self, user_id: str) -> dict[str, Any]:
        """Choices of the user; empty without any."""
        with self._database.transaction() as connection:
            return _choices(connection, user_id)

    def user_state(self, user_id: str, after: int = 0) -> UserState:
        """All that a list needs to know of a viewer beyond the build, in one question."""
        asked = self._asked
        with self._database.reading() as driver:
            if asked["forgotten"].rows(driver, hash=self._database.hash(user_id)):
                return UserState(UserAttributes(user_id), forgotten=True)
            attributes, events, edits, choices = (
                asked["attributes"].rows(driver, user=user_id),
                asked["events"].rows(driver, user=user_id, after=after),
                asked["preferences"].rows(driver, user=user_id),
                asked["choices"].rows(driver, user=user_id),
            )
        return UserState(
            viewer_of(user_id, attributes),
            tuple(LiveEvent(*row) for row in events),
            tuple(Preference(*row) for row in edits),
            dict(json.loads(choices[0][0])) if choices else {},
        )

    def user_states(self, user_ids: Sequence[str], after: int = 0) -> dict[str, UserState]:
        """State of several users; users without any data are left out."""
        found: dict[str, UserState] = {}
        with self._database.transaction() as connection:
            for start in range(0, len(user_ids), MOST_AT_ONCE):
                some = list(user_ids[start : start + MOST_AT_ONCE])
                gone = self._database.refused(connection, set(some))
                known = known_among(connection, [user for user in some if user not in gone], after)
                found.update(
                    (user, UserState(UserAttributes(user), forgotten=True)) for user in gone
                )
                found.update(known)
        return found

    def set_choices(self, user_id: str, choices: Mapping[str, Any]) -> None:
        """Keep it in place of the earlier one; raises InputError for a forgotten viewer."""
        check_text("user_id", user_id)
        body = json.dumps(dict(choices), ensure_ascii=False)
        with self._database.transaction(write=True) as connection:
            self._database.locked(connection, "generation")
            if self._database.refused(connection, {user_id}):
                raise InputError(
                    f"The viewer '{user_id}' asked to be forgotten.", "Nothing is kept of them."
                )
            connection.execute(delete(CHOICES).where(CHOICES.c.user_id == user_id))
            if choices:
                connection.execute(insert(CHOICES), {"user_id": user_id, "body": body})

    def set_users(self, viewers: Sequence[UserAttributes]) -> int:
        """Replace the attributes of these users; return how many. Erased ones are left out.

        Raises InputError, and keeps nothing, if one of them could not be kept unchanged.
        """
        check_viewers(viewers)
        with self._database.transaction(write=True) as connection:
            self._database.locked(connection, "key")
            once = {viewer.user_id: viewer for viewer in viewers}
            refused = self._database.refused(connection, set(once))
            kept = [viewer for user, viewer in once.items() if user not in refused]
            keep_viewers(connection, kept)
        return len(kept)

    def user(self, user_id: str) -> UserAttributes:
        """Attributes of a user."""
        with self._database.reading() as driver:
            return viewer_of(user_id, self._asked["attributes"].rows(driver, user=user_id))

    def add_preference(self, edit: Preference) -> Preference:
        """Store a preference, return it numbered; raises InputError for an erased user."""
        check_edit(edit)
        with self._database.transaction(write=True) as connection:
            number = self._database.locked(connection, "preferences") + 1
            if self._database.refused(connection, {edit.user_id}):
                raise InputError(
                    "This viewer was forgotten, so nothing is kept of them.",
                    "Use another user id.",
                )
            kept = replace(edit, number=number)
            keep_edit(connection, kept)
            set_number(connection, "preferences", number)
        return kept

    def preferences_of(self, user_id: str) -> list[Preference]:
        """Preferences of a user, oldest first."""
        with self._database.transaction() as connection:
            return edits_of(connection, user_id)

    def remove_preference(self, user_id: str, number: int) -> bool:
        """Delete one preference of a user; whether there was one."""
        with self._database.transaction(write=True) as connection:
            self._database.locked(connection, "key")
            return delete_of(connection, user_id, number) > 0

    def forget(self, user_id: str) -> int:
        """Delete the user's events, preferences, choices and keys; keep a keyed hash of the id.

        Returns how many events were deleted.
        """
        with self._database.transaction(write=True) as connection:
            generation = self._database.locked(connection, "generation")
            again = bool(self._database.refused(connection, {user_id}))
            deleted = connection.execute(delete(EVENTS).where(EVENTS.c.user_id == user_id)).rowcount
            delete_of(connection, user_id)
            open_to_nobody(connection, user_id)
            for table in (CHOICES, KEYS):
                connection.execute(delete(table).where(table.c.user_id == user_id))
            if not again:
                connection.execute(insert(FORGOTTEN), {"hash": self._database.hash(user_id)})
            if deleted or not again:
                set_number(connection, "generation", generation + 1)
        self._database.wipe()
        return int(deleted)

    def consent_answers(self, purpose: str) -> dict[str, bool]:
        """Viewer -> their yes or no to a purpose; the silent are not in it."""
        question = select(CHOICES.c.user_id, CHOICES.c.body)
        with self._database.transaction() as connection:
            said = {user: json.loads(body) for user, body in connection.execute(question)}
        yes = {user: body.get("consent", {}).get(purpose) for user, body in said.items()}
        return {user: bool(one) for user, one in yes.items() if one is not None}

    def is_forgotten(self, user_id: str) -> bool:
        return bool(self.forgotten_among([user_id]))

    def forgotten_among(self, user_ids: Collection[str]) -> set[str]:
        """Those of the users who are forgotten."""
        with self._database.transaction() as connection:
            return self._database.refused(connection, set(user_ids))

    def pseudonym_of(self, user_id: str) -> str:
        """The id itself."""
        return user_id

    def pseudonym_key(self) -> str:
        """The fingerprint of the key that names viewers; empty where they keep their ids."""
        with self._database.transaction() as connection:
            return get_text(connection, "pseudonym_key")

    def set_pseudonym_key(self, fingerprint: str) -> None:
        """From now on viewers are named by this key."""
        with self._database.transaction(write=True) as connection:
            self._database.locked(connection, "key")
            set_text(connection, "pseudonym_key", fingerprint)

    def has_plain_ids(self) -> bool:
        """Whether any table that has a column of viewers has a row of one."""
        with self._database.transaction() as connection:
            return any(
                connection.scalar(
                    select(table.c.user_id).where(table.c.user_id.is_not(None)).limit(1)
                )
                is not None
                for table in (EVENTS, CHOICES, KEYS, USERS, PREFERENCES)
            )

    def generation(self) -> int:
        """Grows whenever a viewer was forgotten."""
        with self._database.transaction() as connection:
            return get_number(connection, "generation")


def _choices(connection: Connection, user_id: str) -> dict[str, Any]:
    body = connection.scalar(select(CHOICES.c.body).where(CHOICES.c.user_id == user_id))
    return dict(json.loads(body)) if body else {}
