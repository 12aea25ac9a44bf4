"""Rows of user attributes and preferences in the SQL store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, insert, select

from vireo.store.base import LiveEvent, Preference, UserAttributes, UserState
from vireo.store.events import events_question
from vireo.store.schema import CHOICES, EVENTS, MOST_AT_ONCE, PREFERENCES, USERS

_FACTS = ("age", "region", "languages", "groups_of")
SELECT_ATTRIBUTES = select(*(USERS.c[name] for name in _FACTS))
"""Attributes, filtered by user."""
SELECT_PREFERENCES = select(*(PREFERENCES.c[field.name] for field in fields(Preference))).order_by(
    PREFERENCES.c.number
)
"""Preferences, oldest first, filtered by user."""


def keep_viewers(connection: Connection, viewers: Sequence[UserAttributes]) -> None:
    """Replace the attributes of these users."""
    for start in range(0, len(viewers), MOST_AT_ONCE):
        some = viewers[start : start + MOST_AT_ONCE]
        ids = [viewer.user_id for viewer in some]
        connection.execute(delete(USERS).where(USERS.c.user_id.in_(ids)))
        connection.execute(insert(USERS), [_row(viewer) for viewer in some])


def _row(viewer: UserAttributes) -> dict[str, object]:
    return {
        "user_id": viewer.user_id,
        "age": viewer.age,
        "region": viewer.region,
        "languages": json.dumps(viewer.languages, ensure_ascii=False),
        "groups_of": json.dumps(viewer.groups, ensure_ascii=False),
    }


def viewer_of(user_id: str, rows: Sequence[Any]) -> UserAttributes:
    """Attributes of a user from the rows of SELECT_ATTRIBUTES."""
    if not rows:
        return UserAttributes(user_id)
    age, region, *lists = rows[0]
    languages, groups = (tuple(json.loads(text)) for text in lists)
    return UserAttributes(user_id, age, region, languages, groups)


def keep_edit(connection: Connection, edit: Preference) -> None:
    """Insert a preference."""
    connection.execute(insert(PREFERENCES), asdict(edit))


def known_among(connection: Connection, users: Sequence[str], after: int) -> dict[str, UserState]:
    """State of these users, without those that have no data; events after a position."""

    def rows(question: Select[Any], column: ColumnElement[str]) -> dict[str, list[Any]]:
        asked = question.add_columns(column).where(column.in_(users))
        by_user: dict[str, list[Any]] = {}
        for *row, user in connection.execute(asked):
            by_user.setdefault(user, []).append(tuple(row))
        return by_user

    attributes, edits = (
        rows(SELECT_ATTRIBUTES, USERS.c.user_id),
        rows(SELECT_PREFERENCES, PREFERENCES.c.user_id),
    )
    events = rows(events_question().where(EVENTS.c.position > after), EVENTS.c.user_id)
    choices = rows(select(CHOICES.c.body), CHOICES.c.user_id)
    return {
        user: UserState(
            viewer_of(user, attributes.get(user, ())),
            tuple(LiveEvent(*row) for row in events.get(user, ())),
            tuple(Preference(*row) for row in edits.get(user, ())),
            dict(json.loads(choices[user][0][0])) if user in choices else {},
        )
        for user in {**attributes, **edits, **events, **choices}
    }


def edits_of(connection: Connection, user_id: str) -> list[Preference]:
    """Preferences of a user, oldest first."""
    return [
        Preference(*row)
        for row in connection.execute(SELECT_PREFERENCES.where(PREFERENCES.c.user_id == user_id))
    ]


def delete_of(connection: Connection, user_id: str, number: int | None = None) -> int:
    """Delete one preference of a user, or, without a number, all attributes and preferences."""
    preferences = delete(PREFERENCES).where(PREFERENCES.c.user_id == user_id)
    if number is not None:
        return int(connection.execute(preferences.where(PREFERENCES.c.number == number)).rowcount)
    attributes = connection.execute(delete(USERS).where(USERS.c.user_id == user_id)).rowcount
    return int(attributes) + int(connection.execute(preferences).rowcount)
