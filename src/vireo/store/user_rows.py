"""Viewers and their wishes in the SQL store: the questions that are asked of two tables."""

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
"""What is told of viewers; ask for one of them."""
SELECT_PREFERENCES = select(*(PREFERENCES.c[field.name] for field in fields(Preference))).order_by(
    PREFERENCES.c.number
)
"""Wishes, the oldest first; ask for one viewer's."""


def keep_viewers(connection: Connection, viewers: Sequence[UserAttributes]) -> None:
    """Put these viewers in the place of what was told of them before."""
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
    """What is told of a viewer, from the rows that SELECT_ATTRIBUTES found."""
    if not rows:
        return UserAttributes(user_id)
    age, region, *lists = rows[0]
    languages, groups = (tuple(json.loads(text)) for text in lists)
    return UserAttributes(user_id, age, region, languages, groups)


def keep_edit(connection: Connection, edit: Preference) -> None:
    """One more wish."""
    connection.execute(insert(PREFERENCES), asdict(edit))


def known_among(connection: Connection, users: Sequence[str], after: int) -> dict[str, UserState]:
    """What is known of these viewers, where anything is; of events, those after a position."""

    def rows(question: Select[Any], column: ColumnElement[str]) -> dict[str, list[Any]]:
        asked = question.add_columns(column).where(column.in_(users))
        by_user: dict[str, list[Any]] = {}
        for *row, user in connection.execute(asked):
            by_user.setdefault(user, []).append(tuple(row))
        return by_user

    told, edits = (
        rows(SELECT_ATTRIBUTES, USERS.c.user_id),
        rows(SELECT_PREFERENCES, PREFERENCES.c.user_id),
    )
    events = rows(events_question().where(EVENTS.c.position > after), EVENTS.c.user_id)
    choices = rows(select(CHOICES.c.body), CHOICES.c.user_id)
    return {
        user: UserState(
            viewer_of(user, told.get(user, ())),
            tuple(LiveEvent(*row) for row in events.get(user, ())),
            tuple(Preference(*row) for row in edits.get(user, ())),
            dict(json.loads(choices[user][0][0])) if user in choices else {},
        )
        for user in {**told, **edits, **events, **choices}
    }


def edits_of(connection: Connection, user_id: str) -> list[Preference]:
    """A viewer's wishes, the oldest first."""
    return [
        Preference(*row)
        for row in connection.execute(SELECT_PREFERENCES.where(PREFERENCES.c.user_id == user_id))
    ]


def delete_of(connection: Connection, user_id: str, number: int | None = None) -> int:
    """Delete one wish of a viewer, or, without a number, everything that is told of them."""
    wishes = delete(PREFERENCES).where(PREFERENCES.c.user_id == user_id)
    if number is not None:
        return int(connection.execute(wishes.where(PREFERENCES.c.number == number)).rowcount)
    told = connection.execute(delete(USERS).where(USERS.c.user_id == user_id)).rowcount
    return int(told) + int(connection.execute(wishes).rowcount)
