"""Versions of the tables: an older database is brought up to date when it is opened.

A plain list instead of a migration framework: see docs/decisions. Changes are only ever additive,
so that a step can be taken while an older process still reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Column, Connection, Table, inspect
from sqlalchemy.schema import CreateColumn

from vireo.errors import StageFailed
from vireo.store.schema import EVENTS, FACTS, META, get_number, set_fact

Step = Callable[[Connection], None]


def _lists_of_events(connection: Connection) -> None:
    """2: an event names the list on which its video stood, and the place."""
    add_columns(connection, EVENTS, (EVENTS.c.request_id, EVENTS.c.rank))


STEPS: dict[int, Step] = {2: _lists_of_events}
"""Version -> what leads to it from the one before. Whole new tables need no step."""
LATEST = 2


def prepare(connection: Connection, name: str) -> None:
    """Make the tables that are missing, and take the steps that an older database lacks.

    `name` stands for the database in errors; raises StageFailed for one that a newer Vireo made.
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
        set_fact(connection, "schema", LATEST)


def _version(connection: Connection) -> int:
    """0 for an empty database; 1 for one from before versions were written down."""
    if not inspect(connection).has_table(FACTS.name):
        return 0
    return get_number(connection, "schema") or 1


def add_columns(connection: Connection, table: Table, columns: Sequence[Column[object]]) -> None:
    """Add the columns that the table lacks."""
    there = {column["name"] for column in inspect(connection).get_columns(table.name)}
    quoted = connection.dialect.identifier_preparer.format_table(table)
    for column in columns:
        if column.name not in there:
            spelled = CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {quoted} ADD COLUMN {spelled}")
