"""Tables of the SQL store, and queries of counters and facts."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)

from vireo.store.validation import MAX_ID, MAX_WORD

MAX_QUERY_VALUES = 500
"""Values in one query."""

META = MetaData()
FACTS = Table(
    "vireo_facts",
    META,
    Column("name", String(32), primary_key=True),
    Column("text", String(128), nullable=False, default=""),
    Column("number", BigInteger, nullable=False, default=0),
)
"""Counters `position`, `videos`, `preferences`, `audit`, `experiments`, `generation`; `schema`:
version of the tables; `key`: of the hashes of erased users; `pseudonym_key`: its fingerprint."""
EVENTS = Table(
    "vireo_events",
    META,
    # Assigned by one writer at a time: never reused, and visible in this order.
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", String(MAX_ID), nullable=False, unique=True),
    Column("user_id", String(MAX_ID), nullable=False, index=True),
    Column("video_id", String(MAX_ID), nullable=False),
    Column("event", String(MAX_WORD), nullable=False),
    Column("timestamp", BigInteger, nullable=False),
    Column("value", Float(53)),
    Column("watch_seconds", Float(53)),
    Column("text", Text),
    Column("session_id", String(MAX_ID)),
    Column("request_id", String(MAX_ID)),
    Column("rank", Integer),
)
VIDEOS = Table(
    "vireo_videos",
    META,
    Column("video_id", String(MAX_ID), primary_key=True),
    Column("position", BigInteger, nullable=False, index=True),
    Column("deleted", Boolean, nullable=False),
    Column("body", Text, nullable=False),
)
"""The latest change of each video; `body` is a LiveVideo as JSON."""
CHOICES = Table(
    "vireo_choices",
    META,
    Column("user_id", String(MAX_ID), primary_key=True),
    Column("body", Text, nullable=False),
)
KEYS = Table(
    "vireo_keys",
    META,
    Column("key_id", String(32), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("scope", String(16), nullable=False),
    Column("user_id", String(MAX_ID)),
    Column("digest", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)
AUDIT = Table(
    "vireo_audit",
    META,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("moment", BigInteger, nullable=False),
    Column("actor", String(256), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", Text, nullable=False),
)
USERS = Table(
    "vireo_users",
    META,
    Column("user_id", String(MAX_ID), primary_key=True),
    Column("age", Float(53)),
    Column("region", String(MAX_WORD), nullable=False, default=""),
    Column("languages", Text, nullable=False, default="[]"),  # JSON
    Column("groups_of", Text, nullable=False, default="[]"),  # JSON; `groups` is a word of SQL
)
PREFERENCES = Table(
    "vireo_preferences",
    META,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", String(MAX_ID), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("video_id", String(MAX_ID), nullable=False, default=""),
    Column("at", BigInteger, nullable=False, default=0),
)
EXPERIMENTS = Table(
    "vireo_experiments",
    META,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String(MAX_ID), nullable=False),
    Column("variants", Text, nullable=False),  # JSON
    Column("settings", Text, nullable=False),
    Column("after", BigInteger, nullable=False),
    Column("began_at", BigInteger, nullable=False),
)
FORGOTTEN = Table("vireo_forgotten", META, Column("hash", String(64), primary_key=True))


def first_facts(connection: Connection) -> str:
    """Insert the missing facts; returns the key, in hexadecimal."""
    there = set(connection.scalars(select(FACTS.c.name)))
    counters = dict.fromkeys(
        ("position", "generation", "videos", "preferences", "audit", "experiments"), ""
    )
    first = {"key": secrets.token_hex(32), **counters}
    new = [{"name": name, "text": text} for name, text in first.items() if name not in there]
    if new:
        connection.execute(insert(FACTS), new)
    return str(connection.scalar(select(FACTS.c.text).where(FACTS.c.name == "key")))


def get_number(connection: Connection, name: str) -> int:
    return int(connection.scalar(select(FACTS.c.number).where(FACTS.c.name == name)) or 0)


def set_number(connection: Connection, name: str, number: int) -> None:
    connection.execute(update(FACTS).where(FACTS.c.name == name).values(number=number))


def get_text(connection: Connection, name: str) -> str:
    return str(connection.scalar(select(FACTS.c.text).where(FACTS.c.name == name)) or "")


def set_fact(connection: Connection, name: str, **cells: str | int) -> None:
    """Insert or update the `number` or `text` of a fact."""
    done = connection.execute(update(FACTS).where(FACTS.c.name == name).values(**cells))
    if not done.rowcount:
        connection.execute(insert(FACTS), {"name": name, **cells})


def next_number(connection: Connection, name: str) -> int:
    """Increment a counter; call `Database.locked` before."""
    number = get_number(connection, name) + 1
    set_number(connection, name, number)
    return number


def present(connection: Connection, column: Column[str], values: Sequence[str]) -> set[str]:
    """Those of the values that are in the column."""
    found: set[str] = set()
    for start in range(0, len(values), MAX_QUERY_VALUES):
        some = values[start : start + MAX_QUERY_VALUES]
        found.update(connection.scalars(select(column).where(column.in_(some))))
    return found
