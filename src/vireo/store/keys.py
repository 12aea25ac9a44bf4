"""Keys and the audit log in a SQL database."""

from __future__ import annotations

from dataclasses import asdict, fields

from sqlalchemy import insert, select, update

from vireo.store.base import Action, Key
from vireo.store.database import Database
from vireo.store.schema import AUDIT, KEYS, next_number

_KEY = [KEYS.c[field.name] for field in fields(Key)]
_ACTION = [AUDIT.c[field.name] for field in fields(Action)]


class SqlKeys:
    """Keys (see base.py)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_key(self, key: Key) -> None:
        with self._database.transaction(write=True) as connection:
            connection.execute(insert(KEYS), asdict(key))

    def all_keys(self) -> list[Key]:
        """Every key, revoked ones too, the oldest first."""
        question = select(*_KEY).order_by(KEYS.c.created_at, KEYS.c.key_id)
        with self._database.transaction() as connection:
            return [Key(*row) for row in connection.execute(question)]

    def revoke_key(self, key_id: str, moment: int) -> bool:
        """False where there is no such key, or it was revoked before."""
        valid = (KEYS.c.key_id == key_id, KEYS.c.revoked_at.is_(None))
        with self._database.transaction(write=True) as connection:
            done = connection.execute(update(KEYS).where(*valid).values(revoked_at=moment))
        return bool(done.rowcount)

    def log(self, action: Action) -> None:
        with self._database.transaction(write=True) as connection:
            self._database.locked(connection, "audit")
            position = next_number(connection, "audit")
            connection.execute(insert(AUDIT), {"position": position, **asdict(action)})

    def actions(self, most: int = 200) -> list[Action]:
        """The latest actions, the newest first."""
        question = select(*_ACTION).order_by(AUDIT.c.position.desc()).limit(most)
        with self._database.transaction() as connection:
            return [Action(*row) for row in connection.execute(question)]
