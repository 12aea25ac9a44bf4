"""Migrations: an older database is upgraded when it is opened.

Steps add columns or tables, so that an older process can still read; step 3, from before the first
release, renames tables. See docs/decisions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from sqlalchemy import Column, Connection, Table, inspect, select, update
from sqlalchemy.schema import CreateColumn

from vireo.errors import StageFailed
from vireo.store.schema import (
    CHOICES,
    EVENTS,
    FACTS,
    META,
    PREFERENCES,
    USERS,
    get_number,
    set_fact,
)

Step = Callable[[Connection], None]


def _lists_of_events(connection: Connection) -> None:
    """2: events have the list and the rank of their video."""
    add_columns(connection, EVENTS, (EVENTS.c.request_id, EVENTS.c.rank))


def _rename_to_users_and_preferences(connection: Connection) -> None:
    """3: tables, facts and choices have the names of the API."""
    for old, new in (("vireo_viewers", USERS), ("vireo_edits", PREFERENCES)):
        if inspect(connection).has_table(old):
            quote = connection.dialect.identifier_preparer.quote
            connection.exec_driver_sql(f"ALTER TABLE {quote(old)} RENAME TO {quote(new.name)}")
    for before, after in (("edits", "preferences"), ("naming", "pseudonym_key")):
        connection.execute(update(FACTS).where(FACTS.c.name == before).values(name=after))
    if not inspect(connection).has_table(CHOICES.name):
        return
    for user_id, body in connection.execute(select(CHOICES.c.user_id, CHOICES.c.body)).all():
        choices = json.loads(body)
        if "taste" in choices:
            choices["query"] = choices.pop("taste")
            changed = {"body": json.dumps(choices, ensure_ascii=False)}
            connection.execute(update(CHOICES).where(CHOICES.c.user_id == user_id).values(changed))


STEPS: dict[int, Step] = {2: _lists_of_events, 3: _rename_to_users_and_preferences}
"""Version -> step from the one before; new tables need no step."""
LATEST = 3


def prepare(connection: Connection, name: str) -> None:
    """Create missing tables and run missing steps; raises StageFailed for a newer version.

    `name` is the database in errors.
    """
    version = _version(connection)
    if version > LATEST:
        raise StageFailed(
            f"The database {name} has tables of version {version}; this Vireo knows {LATEST}.",
            "Upgrade Vireo: `pip install --upgrade vireo-recommender`.",
        )
    for step in range(version + 1, LATEST + 1) if version else ():
        STEPS[step](connection)
    META.create_all(connection)
    if version != LATEST:
        set_fact(connection, "schema", number=LATEST)


def _version(connection: Connection) -> int:
    """0 for an empty database; 1 for one without a stored version."""
    if not inspect(connection).has_table(FACTS.name):
        return 0
    return get_number(connection, "schema") or 1


def add_columns(connection: Connection, table: Table, columns: Sequence[Column[object]]) -> None:
    """Add missing columns."""
    there = {column["name"] for column in inspect(connection).get_columns(table.name)}
    quoted = connection.dialect.identifier_preparer.format_table(table)
    for column in columns:
        if column.name not in there:
            spelled = CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {quoted} ADD COLUMN {spelled}")
