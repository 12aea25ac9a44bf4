"""The SQL store keeps its contract on SQLite and PostgreSQL, survives kill -9, forgets for good."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.store.postgres import Postgres, postgres
from vireo.errors import ConfigError, MissingLibrary, StageFailed
from vireo.store.base import Store, StoreSection
from vireo.store.contract import StoreContract, live
from vireo.store.sql import open_store


class TestSqlite(StoreContract):
    def open(self, place: Path) -> Store:
        return open_store(StoreSection(), place)


class TestPostgres(StoreContract):
    server: Postgres

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _running(cls) -> Iterator[None]:
        with postgres() as cls.server:
            yield

    def open(self, place: Path) -> Store:
        name = "t" + hashlib.sha256(str(place).encode()).hexdigest()[:16]
        return open_store(StoreSection(url=self.server.create(name)), place)


WRITER = """
import sys
from pathlib import Path
from vireo.store.base import StoreSection
from vireo.store.contract import live
from vireo.store.sql import open_store

store = open_store(StoreSection(), Path(sys.argv[1]))
n = 0
while True:
    store.append([live(n), live(n + 1)])
    print(n + 1, flush=True)
    n += 2
"""


def test_kill_in_the_middle_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            answered = int(line)
            if answered > 40:
                break
        writer.send_signal(signal.SIGKILL)
    store = open_store(StoreSection(), tmp_path)
    found = [event.event_id for batch in store.events() for _, event in batch]
    assert found == [f"e{n}" for n in range(len(found))]
    assert len(found) > answered
    assert len(found) % 2 == 0, "half an append was kept"
    store.close()


def test_a_forgotten_id_is_in_no_byte_of_the_files(tmp_path: Path) -> None:
    store = open_store(StoreSection(), tmp_path)
    store.append([live(n, "the-forgotten-one") for n in range(50)])
    store.append([live(99, "somebody-else")])
    assert store.forget("the-forgotten-one") == 50
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"the-forgotten-one" not in kept
    assert hashlib.sha256(b"the-forgotten-one").hexdigest().encode() not in kept
    assert b"somebody-else" in kept
    store.close()


def test_a_database_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "vireo.db").write_text("this is no database, but long enough to look like one" * 9)
    with pytest.raises(StageFailed, match="not a database"):
        open_store(StoreSection(), tmp_path)
    with pytest.raises(StageFailed, match="unable to open"):
        open_store(StoreSection(), tmp_path / "missing")
    with pytest.raises(ConfigError, match="url cannot be used"):
        open_store(StoreSection(url="no url at all"), tmp_path)
    with pytest.raises(ConfigError):
        open_store(StoreSection(url="nosuchbase://x/y"), tmp_path)


@pytest.mark.skipif(find_spec("psycopg2") is not None, reason="the driver psycopg2 is installed")
def test_a_missing_driver_is_named(tmp_path: Path) -> None:
    url = "postgresql+psycopg2://u:secret@h/db"
    with pytest.raises(MissingLibrary, match="psycopg2") as caught:
        open_store(StoreSection(url=url), tmp_path)
    assert "secret" not in str(caught.value)
