"""The store on SQLAlchemy: a SQLite file by default, PostgreSQL and others by URL."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, fields, replace
from pathlib import Path

from sqlalchemy import URL, Row, insert, make_url, select, update
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from vireo.errors import ConfigError, MissingLibrary
from vireo.store.base import Action, Experiment, Key, StoreSection
from vireo.store.database import Database
from vireo.store.events import SqlEvents
from vireo.store.schema import AUDIT, EXPERIMENTS, KEYS, next_number
from vireo.store.users import SqlUsers
from vireo.store.videos import SqlVideos

FILE = "vireo.db"
DATABASE = "VIREO_DATABASE"
"""Environment variable: overrides [store] url, so that no file holds a password."""
_KEY = [KEYS.c[field.name] for field in fields(Key)]
_ACTION = [AUDIT.c[field.name] for field in fields(Action)]


def open_store(section: StoreSection, workspace: Path) -> SqlStore:
    """The store at VIREO_DATABASE or [store] url, with all tables.

    Raises ConfigError for an invalid URL, MissingLibrary for a missing driver, StageFailed for a
    database that does not answer.
    """
    try:
        chosen = os.environ.get(DATABASE) or section.url
        url = make_url(chosen) if chosen else URL.create("sqlite", database=str(workspace / FILE))
        return SqlStore(Database(url))
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigError(
            f"The store's url cannot be used: {error}",
            "Write one like postgresql+psycopg://USER@HOST/NAME in [store], or leave it empty.",
        ) from None
    except ModuleNotFoundError as error:
        raise MissingLibrary(
            f"The database's driver is not installed: {error.name}.", f"pip install {error.name}"
        ) from None


class SqlKeys:
    """Keys and audit log (see base.py)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_key(self, key: Key) -> None:
        with self._database.transaction(write=True) as connection:
            connection.execute(insert(KEYS), asdict(key))

    def all_keys(self) -> list[Key]:
        query = select(*_KEY).order_by(KEYS.c.created_at, KEYS.c.key_id)
        with self._database.transaction() as connection:
            return [Key(*row) for row in connection.execute(query)]

    def revoke_key(self, key_id: str, moment: int) -> bool:
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
        query = select(*_ACTION).order_by(AUDIT.c.position.desc()).limit(most)
        with self._database.transaction() as connection:
            return [Action(*row) for row in connection.execute(query)]


class SqlExperiments:
    """Experiments (see base.py)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin_experiment(self, experiment: Experiment) -> Experiment:
        with self._database.transaction(write=True) as connection:
            after = self._database.locked(connection, "position")
            latest = select(EXPERIMENTS).order_by(EXPERIMENTS.c.number.desc()).limit(1)
            running = connection.execute(latest).first()
            if running is not None and _is_equal(_experiment(running), experiment):
                return _experiment(running)
            begun = replace(experiment, after=after)
            number = next_number(connection, "experiments")
            row = {**asdict(begun), "variants": json.dumps(begun.variants, ensure_ascii=False)}
            connection.execute(insert(EXPERIMENTS), {"number": number, **row})
        return begun

    def experiments(self) -> list[Experiment]:
        query = select(EXPERIMENTS).order_by(EXPERIMENTS.c.number.desc())
        with self._database.transaction() as connection:
            return [_experiment(row) for row in connection.execute(query)]


class SqlStore(SqlEvents, SqlVideos, SqlUsers, SqlKeys, SqlExperiments):
    """Store (see base.py): all tables in one database."""

    def __init__(self, database: Database) -> None:
        SqlUsers.__init__(self, database)  # sets the database of all base classes
        self.database = database

    @property
    def is_file(self) -> bool:
        return self._database.is_file

    def close(self) -> None:
        self._database.close()


def _experiment(row: Row[tuple[object, ...]]) -> Experiment:
    variants = tuple(json.loads(row.variants))
    return Experiment(row.name, variants, row.settings, int(row.after), int(row.began_at))


def _is_equal(one: Experiment, other: Experiment) -> bool:
    return (one.name, one.variants, one.settings) == (other.name, other.variants, other.settings)
