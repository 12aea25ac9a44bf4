"""The store on SQLAlchemy: a SQLite file by default, PostgreSQL and others by URL."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from vireo.errors import ConfigError, MissingLibrary
from vireo.store.base import StoreSection
from vireo.store.database import Database
from vireo.store.events import SqlEvents
from vireo.store.experiments import SqlExperiments
from vireo.store.keys import SqlKeys
from vireo.store.users import SqlUsers
from vireo.store.videos import SqlVideos

FILE = "vireo.db"
DATABASE = "VIREO_DATABASE"
"""Environment variable: a URL that stands above [store] url, so that no password is in a file."""


def open_store(section: StoreSection, workspace: Path) -> SqlStore:
    """The store that VIREO_DATABASE or the settings name; missing tables are made.

    Raises ConfigError for a URL that is none, MissingLibrary for a driver that is not
    installed, StageFailed for a database that does not answer.
    """
    try:
        named = os.environ.get(DATABASE) or section.url
        url = make_url(named) if named else URL.create("sqlite", database=str(workspace / FILE))
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


class SqlStore(SqlEvents, SqlVideos, SqlUsers, SqlKeys, SqlExperiments):
    """Store (see base.py): the five kinds of rows in one database."""

    def __init__(self, database: Database) -> None:
        SqlUsers.__init__(self, database)  # the parts share one database
        self.database = database

    @property
    def is_file(self) -> bool:
        """Whether it is SQLite's."""
        return self._database.is_file

    def close(self) -> None:
        """Let go of every connection."""
        self._database.close()
