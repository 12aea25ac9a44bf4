"""User attributes, choices, preferences and erasures in a SQL database."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    insert,
    select,
)

from vireo.errors import InputError
from vireo.store.base import LiveEvent, Preference, UserAttributes, UserState
from vireo.store.database import Database, PreparedQuery
from vireo.store.events import select_events
from vireo.store.schema import (
    CHOICES,
    EVENTS,
    FORGOTTEN,
    KEYS,
    MAX_QUERY_VALUES,
    PREFERENCES,
    USERS,
    get_number,
    get_text,
    set_fact,
    set_number,
)
from vireo.store.validation import check_edit, check_text, check_viewers
from vireo.store.videos import remove_access

_ATTRIBUTE_COLUMNS = ("age", "region", "languages", "groups_of")
_ATTRIBUTES = select(*(USERS.c[name] for name in _ATTRIBUTE_COLUMNS))
"""Attributes, filtered by user."""
_PREFERENCES = select(*(PREFERENCES.c[field.name] for field in fields(Preference))).order_by(
    PREFERENCES.c.number
)
"""Preferences, oldest first, filtered by user."""
_CHOICES = select(CHOICES.c.body)
_USER: BindParameter[str] = bindparam("user")
_STATE_QUERIES = {
    "forgotten": select(FORGOTTEN.c.hash).where(FORGOTTEN.c.hash == bindparam("hash")),
    "attributes": _ATTRIBUTES.where(USERS.c.user_id == _USER),
    "events": select_events().where(
        EVENTS.c.user_id == _USER, EVENTS.c.position > bindparam("after")
    ),
    "preferences": _PREFERENCES.where(PREFERENCES.c.user_id == _USER),
    "choices": _CHOICES.where(CHOICES.c.user_id == _USER),
}
"""Queries of `user_state`, one per table."""


class SqlUsers:
    """Users (see base.py)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queries = {n: PreparedQuery(q, database.dialect) for n, q in _STATE_QUERIES.items()}

    def choices(self, user_id: str) -> dict[str, Any]:
        with self._database.transaction() as connection:
            body = connection.scalar(_CHOICES.where(CHOICES.c.user_id == user_id))
        return dict(json.loads(body)) if body else {}

    def user_state(self, user_id: str, after: int = 0) -> UserState:
        queries = self._queries
        with self._database.reading() as driver:
            if queries["forgotten"].rows(driver, hash=self._database.hash(user_id)):
                return UserState(UserAttributes(user_id), forgotten=True)
            attributes, events, preferences, choices = (
                queries["attributes"].rows(driver, user=user_id),
                queries["events"].rows(driver, user=user_id, after=after),
                queries["preferences"].rows(driver, user=user_id),
                queries["choices"].rows(driver, user=user_id),
            )
        return UserState(
            _attributes_from(user_id, attributes),
            tuple(LiveEvent(*row) for row in events),
            tuple(Preference(*row) for row in preferences),
            dict(json.loads(choices[0][0])) if choices else {},
        )

    def user_states(self, user_ids: Sequence[str], after: int = 0) -> dict[str, UserState]:
        found: dict[str, UserState] = {}
        with self._database.transaction() as connection:
            for start in range(0, len(user_ids), MAX_QUERY_VALUES):
                some = list(user_ids[start : start + MAX_QUERY_VALUES])
                erased = self._database.erased_among(connection, set(some))
                known = _states(connection, [user for user in some if user not in erased], after)
                found.update(
                    (user, UserState(UserAttributes(user), forgotten=True)) for user in erased
                )
                found.update(known)
        return found

    def set_choices(self, user_id: str, choices: Mapping[str, Any]) -> None:
        check_text("user_id", user_id)
        body = json.dumps(dict(choices), ensure_ascii=False)
        with self._database.transaction(write=True) as connection:
            self._database.locked(connection, "generation")
            if self._database.erased_among(connection, {user_id}):
                raise InputError(f"The user '{user_id}' was forgotten.", "Use another user id.")
            connection.execute(delete(CHOICES).where(CHOICES.c.user_id == user_id))
            if choices:
                connection.execute(insert(CHOICES), {"user_id": user_id, "body": body})

    def set_users(self, users: Sequence[UserAttributes]) -> int:
        """Replace attributes, except of erased users. Raises InputError, and stores nothing, if
        one of them cannot be stored unchanged."""
        check_viewers(users)
        with self._database.transaction(write=True) as connection:
            self._database.locked(connection, "key")
            once = {user.user_id: user for user in users}
            erased = self._database.erased_among(connection, set(once))
            kept = [user for user_id, user in once.items() if user_id not in erased]
            _replace_attributes(connection, kept)
        return len(kept)

    def user(self, user_id: str) -> UserAttributes:
        with self._database.reading() as driver:
            return _attributes_from(user_id, self._queries["attributes"].rows(driver, user=user_id))

    def add_preference(self, preference: Preference) -> Preference:
        check_edit(preference)
        with self._database.transaction(write=True) as connection:
            number = self._database.locked(connection, "preferences") + 1
            if self._database.erased_among(connection, {preference.user_id}):
                raise InputError("This user was forgotten.", "Use another user id.")
            kept = replace(preference, number=number)
            connection.execute(insert(PREFERENCES), asdict(kept))
            set_number(connection, "preferences", number)
        return kept

    def preferences_of(self, user_id: str) -> list[Preference]:
        with self._database.transaction() as connection:
            rows = connection.execute(_PREFERENCES.where(PREFERENCES.c.user_id == user_id))
            return [Preference(*row) for row in rows]

    def remove_preference(self, user_id: str, number: int) -> bool:
        with self._database.transaction(write=True) as connection:
            self._database.locked(connection, "key")
            return _delete_rows(connection, user_id, number) > 0

    def forget(self, user_id: str) -> int:
        """Delete all data of the user, and store a keyed hash of the id; returns deleted events."""
        with self._database.transaction(write=True) as connection:
            generation = self._database.locked(connection, "generation")
            again = bool(self._database.erased_among(connection, {user_id}))
            deleted = connection.execute(delete(EVENTS).where(EVENTS.c.user_id == user_id)).rowcount
            _delete_rows(connection, user_id)
            remove_access(connection, user_id)
            for table in (CHOICES, KEYS):
                connection.execute(delete(table).where(table.c.user_id == user_id))
            if not again:
                connection.execute(insert(FORGOTTEN), {"hash": self._database.hash(user_id)})
            if deleted or not again:
                set_number(connection, "generation", generation + 1)
        self._database.wipe()
        return int(deleted)

    def consent_answers(self, purpose: str) -> dict[str, bool]:
        query = select(CHOICES.c.user_id, CHOICES.c.body)
        with self._database.transaction() as connection:
            choices = {user: json.loads(body) for user, body in connection.execute(query)}
        answers = {user: body.get("consent", {}).get(purpose) for user, body in choices.items()}
        return {user: bool(yes) for user, yes in answers.items() if yes is not None}

    def is_forgotten(self, user_id: str) -> bool:
        return bool(self.forgotten_among([user_id]))

    def forgotten_among(self, user_ids: Collection[str]) -> set[str]:
        with self._database.transaction() as connection:
            return self._database.erased_among(connection, set(user_ids))

    def pseudonym_of(self, user_id: str) -> str:
        return user_id

    def pseudonym_key(self) -> str:
        with self._database.transaction() as connection:
            return get_text(connection, "pseudonym_key")

    def set_pseudonym_key(self, fingerprint: str) -> None:
        with self._database.transaction(write=True) as connection:
            self._database.locked(connection, "key")
            set_fact(connection, "pseudonym_key", text=fingerprint)

    def has_plain_ids(self) -> bool:
        with self._database.transaction() as connection:
            return any(
                connection.scalar(
                    select(table.c.user_id).where(table.c.user_id.is_not(None)).limit(1)
                )
                is not None
                for table in (EVENTS, CHOICES, KEYS, USERS, PREFERENCES)
            )

    def generation(self) -> int:
        with self._database.transaction() as connection:
            return get_number(connection, "generation")


def _replace_attributes(connection: Connection, users: Sequence[UserAttributes]) -> None:
    for start in range(0, len(users), MAX_QUERY_VALUES):
        some = users[start : start + MAX_QUERY_VALUES]
        ids = [user.user_id for user in some]
        connection.execute(delete(USERS).where(USERS.c.user_id.in_(ids)))
        connection.execute(insert(USERS), [_attribute_row(user) for user in some])


def _attribute_row(user: UserAttributes) -> dict[str, object]:
    return {
        "user_id": user.user_id,
        "age": user.age,
        "region": user.region,
        "languages": json.dumps(user.languages, ensure_ascii=False),
        "groups_of": json.dumps(user.groups, ensure_ascii=False),
    }


def _attributes_from(user_id: str, rows: Sequence[Any]) -> UserAttributes:
    """Attributes of a user from the rows of _ATTRIBUTES."""
    if not rows:
        return UserAttributes(user_id)
    age, region, *lists = rows[0]
    languages, groups = (tuple(json.loads(text)) for text in lists)
    return UserAttributes(user_id, age, region, languages, groups)


def _states(connection: Connection, users: Sequence[str], after: int) -> dict[str, UserState]:
    """States of the users that have data, with events after a position."""

    def rows(query: Select[Any], column: ColumnElement[str]) -> dict[str, list[Any]]:
        filtered = query.add_columns(column).where(column.in_(users))
        by_user: dict[str, list[Any]] = {}
        for *row, user in connection.execute(filtered):
            by_user.setdefault(user, []).append(tuple(row))
        return by_user

    attributes, preferences = (
        rows(_ATTRIBUTES, USERS.c.user_id),
        rows(_PREFERENCES, PREFERENCES.c.user_id),
    )
    events = rows(select_events().where(EVENTS.c.position > after), EVENTS.c.user_id)
    choices = rows(_CHOICES, CHOICES.c.user_id)
    return {
        user: UserState(
            _attributes_from(user, attributes.get(user, ())),
            tuple(LiveEvent(*row) for row in events.get(user, ())),
            tuple(Preference(*row) for row in preferences.get(user, ())),
            dict(json.loads(choices[user][0][0])) if user in choices else {},
        )
        for user in {**attributes, **preferences, **events, **choices}
    }


def _delete_rows(connection: Connection, user_id: str, number: int | None = None) -> int:
    """Delete one preference of a user, or, without a number, all attributes and preferences."""
    preferences = delete(PREFERENCES).where(PREFERENCES.c.user_id == user_id)
    if number is not None:
        return int(connection.execute(preferences.where(PREFERENCES.c.number == number)).rowcount)
    attributes = connection.execute(delete(USERS).where(USERS.c.user_id == user_id)).rowcount
    return int(attributes) + int(connection.execute(preferences).rowcount)
