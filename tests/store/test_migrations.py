"""A database of the first version is brought up to date; one from the future is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from vireo.errors import StageFailed
from vireo.store.base import StoreSection
from vireo.store.contract import live
from vireo.store.migrations import LATEST
from vireo.store.sql import FILE, open_store

VERSION_1 = """
CREATE TABLE vireo_facts (name VARCHAR(32) NOT NULL, text VARCHAR(128) NOT NULL,
    number BIGINT NOT NULL, PRIMARY KEY (name));
CREATE TABLE vireo_events (position BIGINT NOT NULL, event_id VARCHAR(512) NOT NULL,
    user_id VARCHAR(512) NOT NULL, video_id VARCHAR(512) NOT NULL, event VARCHAR(64) NOT NULL,
    timestamp BIGINT NOT NULL, value FLOAT, watch_seconds FLOAT, text TEXT,
    session_id VARCHAR(512), PRIMARY KEY (position), UNIQUE (event_id));
CREATE INDEX ix_vireo_events_user_id ON vireo_events (user_id);
CREATE TABLE vireo_forgotten (hash VARCHAR(64) NOT NULL, PRIMARY KEY (hash));
INSERT INTO vireo_facts VALUES ('key', 'abcd', 0), ('position', '', 1), ('generation', '', 3);
INSERT INTO vireo_events VALUES
    (1, 'e1', 'ana', 'v1', 'view', 1700000001000, NULL, NULL, NULL, NULL);
"""


def test_a_database_of_version_1_keeps_its_rows_and_learns_the_new_columns(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.executescript(VERSION_1)
    store = open_store(StoreSection(), tmp_path)
    assert store.events_of("ana") == [live(1)]
    assert store.generation() == 3
    assert store.append([live(1), live(2)]) == 1
    assert store.video_position() == 0
    store.close()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        (version,) = connection.execute("SELECT number FROM vireo_facts WHERE name = 'schema'")
        assert version == (LATEST,)
        assert connection.execute("SELECT text FROM vireo_facts WHERE name = 'key'").fetchone() == (
            "abcd",
        )
    again = open_store(StoreSection(), tmp_path)
    assert again.watermark() == 2
    again.close()


def test_a_database_of_a_newer_vireo_is_left_alone(tmp_path: Path) -> None:
    open_store(StoreSection(), tmp_path).close()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("UPDATE vireo_facts SET number = 99 WHERE name = 'schema'")
    with pytest.raises(StageFailed, match="Upgrade Vireo"):
        open_store(StoreSection(), tmp_path)
